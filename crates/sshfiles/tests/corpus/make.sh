#!/bin/sh
# Makes the example files next to this script, with OpenSSH's own ssh-keygen. The keys are new at each run, so tests
# must not name them; line numbers and everything else stay the same. The private halves are deleted.
set -eu
umask 022
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

for type in ed25519 rsa ecdsa; do
    ssh-keygen -q -t "$type" -N '' -C "alice@laptop" -f "$keys/user_$type"
    ssh-keygen -q -t "$type" -N '' -C "root@node" -f "$keys/host_$type"
done
ssh-keygen -q -t rsa -b 3072 -N '' -C "backup" -f "$keys/backup"

words() { cut -d ' ' -f 1,2 "$keys/$1.pub"; }
# A key of a hardware token needs the token; its public half is only three strings.
token_key() {
    token=$( { printf '\000\000\000\032sk-ssh-ed25519@openssh.com\000\000\000\040'
        printf '0123456789abcdef0123456789ABCDEF\000\000\000\004ssh:'; } | base64 -w 0)
    printf 'sk-ssh-ed25519@openssh.com %s' "$token"
}

{
    printf '# Keys of the operations team\n\n'
    cat "$keys/user_ed25519.pub"
    printf 'command="echo \\"a # b\\" # x" %s c\n' "$(words user_rsa)"
    printf 'from="10.0.0.0/8,!10.0.0.9",no-pty,command="rsync --server -a . /srv" %s backup of db, nightly\n' "$(words backup)"
    printf '   \t%s\tticket #4711, see #OM wiki\n' "$(words user_ecdsa)"
    printf 'cert-authority,principals="omm,root" %s company CA\n' "$(words user_rsa)"
    printf '%s token of alice\n' "$(token_key)"
    printf '#%s retired\n' "$(words user_rsa)"
    printf 'ssh-rsa AAAAB3NzaC1yc2EAAA cut-off\n'
    printf 'restrict,environment="A=\\"b c\\"" %s\n' "$(words host_rsa)"
    printf '%s omm@10.0.0.1 #OM' "$(words host_ed25519)"
} > authorized_keys

sed 's/$/\r/' authorized_keys > authorized_keys.crlf
{ printf '\377\376 not UTF-8\n\000\000\n'; cat "$keys/user_rsa.pub"; printf 'tail without end \303'; } > authorized_keys.binary

{
    printf '# Known hosts of alice\n'
    printf '10.0.0.1,node1,node1.example.com %s\n' "$(words host_ed25519)"
    printf '10.0.0.11\t%s\n' "$(words host_rsa | tr ' ' '\t')"
    printf '[10.0.0.1]:2222,[fe80::1]:2222 %s port 2222\n' "$(words host_ecdsa)"
    printf '*.example.com,!db?.example.com %s all but the databases\n' "$(words host_ecdsa)"
    printf '@cert-authority *.corp.example,corp %s company CA\n' "$(words host_rsa)"
    printf '@revoked * %s\n' "$(words user_rsa)"
    printf '@unknown node1 %s\n' "$(words user_rsa)"
    printf '2001:db8::7,NODE7 %s\n' "$(words host_ed25519)"
    printf 'old.example.com 1024 35 1234567890123456789\n'
    printf '  # an indented comment\n\n'
    printf '10.0.0.2 %s #OM\n' "$(words host_ed25519)"
    printf '10.0.0.2 %s #OM\n' "$(words host_rsa)"
} > known_hosts

printf 'hidden.example.com %s\n[hidden.example.com]:2222 %s\n10.0.0.1 %s\n' \
    "$(words host_ed25519)" "$(words host_rsa)" "$(words host_ecdsa)" > known_hosts.hashed
ssh-keygen -q -H -f known_hosts.hashed 2>/dev/null
rm -f known_hosts.hashed.old
chmod 644 known_hosts.hashed

cat > ssh_config <<'END'
# Before any Host line: for all hosts
ServerAliveInterval 30
IdentityFile ~/.ssh/id_rsa

Host github.com gh
	User git
  Port=443
	HostName "ssh.github.com"

Match host *.corp.example exec "test -e /run/vpn"
    ProxyJump gate

Host *
    ControlMaster auto
    ControlPath ~/.ssh/cm-%r@%h:%p
END

cat > bashrc.debian <<'END'
# ~/.bashrc: what an interactive shell of this user does first.
# Laid out like the stock file of Debian and Ubuntu.

# Other shells get no further than this
case $- in
    *i*) ;;
      *) return;;
esac

HISTSIZE=1000
shopt -s checkwinsize
alias ll='ls -l'

if [ -f ~/.bash_aliases ]; then
    . ~/.bash_aliases
fi
END
# The stock file has no final newline.
printf '%s' "$(cat bashrc.debian)" > bashrc.debian

cat > bashrc.redhat <<'END'
# .bashrc

# Settings for all users
if [ -f /etc/bashrc ]; then
	. /etc/bashrc
fi

PATH="$HOME/bin:$PATH"
export PATH
export SSH_AUTH_SOCK=/run/user/1000/keyring/ssh
END

cat > bashrc.set_up <<'END'
# .bashrc
export GPHOME=/opt/huawei/install/om
export SSH_AUTH_SOCK=/home/omm/gaussdb_tmp/gauss_socket_tmp
export SSH_AGENT_PID=4242
umask 077
END

{
    printf '# Static table\n127.0.0.1\tlocalhost localhost.localdomain localhost4\n::1         localhost ip6-localhost\n\n'
    printf '10.0.0.1   node1 node1.example.com # rack 4\r\n10.0.0.11 NODE11\n'
    printf '10.0.0.2  node2  #Gauss OM IP Hosts Mapping\n#10.0.0.3  node3  #Gauss OM IP Hosts Mapping\n'
    printf '10.0.0.4 node4 #Gauss OM IP Hosts Mapping\n  fe80::1%%eth0 zoned\nno.address alias\n'
} > hosts

cat > sshd_config <<'END'
# Written by hand
Include /etc/ssh/sshd_config.d/*.conf
Port 22
port 2022
PasswordAuthentication=no
AuthorizedKeysFile	.ssh/authorized_keys "/etc/ssh/keys of/%u"   # two places
MaxStartups = 10:30:100
AllowUsers alice
AllowUsers bob@10.0.0.0/8
Banner none

Match User backup Address 10.0.0.0/8
    PasswordAuthentication yes
    X11Forwarding no
    Include "/etc/ssh/extra dir/*.conf"
Match all
    PermitRootLogin prohibit-password
END

for file in known_hosts ssh_config hosts sshd_config; do sed 's/\r*$/\r/' "$file" > "$file.crlf"; done
