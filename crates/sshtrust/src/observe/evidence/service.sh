# Whether sshd runs and as what it is set, who filters packets, and what the network answers. Reads only.
# $1 name, $2 text: a fact without a fork.
gs_say() { printf '\n%s fact %s\n%s\n\n%s end\n' "$gs_token" "$1" "$2" "$gs_token"; }

gs_sshd=$(command -v sshd)
gs_init=none gs_unit=
if [ -d /run/systemd/system ]; then
    for gs_one in ssh sshd; do
        for gs_dir in /etc/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
            [ -e "$gs_dir/$gs_one.service" ] && gs_init=systemd gs_unit=${gs_unit:-$gs_one}
        done
    done
elif gs_has service; then
    for gs_one in ssh sshd; do
        [ -x "/etc/init.d/$gs_one" ] && gs_init=sysv gs_unit=${gs_unit:-$gs_one}
    done
fi

# $1 a file with the number of a process, $2 its name.
gs_runs() {
    gs_pid=
    [ -r "$1" ] && read -r gs_pid <"$1" && read -r gs_comm 2>/dev/null <"/proc/$gs_pid/comm" && [ "$gs_comm" = "$2" ]
}
gs_tools=
for gs_one in nft iptables ip6tables firewall-cmd ufw; do
    gs_has $gs_one && gs_tools="$gs_tools $gs_one"
done
# It writes no number where systemd started it.
gs_firewalld=
if gs_runs /run/firewalld.pid firewalld ||
    read -r gs_x 2>/dev/null </sys/fs/cgroup/system.slice/firewalld.service/cgroup.procs; then
    gs_firewalld=y gs_tools="$gs_tools firewalld-runs"
fi
[ -r /etc/ufw/ufw.conf ] && grep -q '^ENABLED=yes' /etc/ufw/ufw.conf && gs_tools="$gs_tools ufw-on"
gs_say service-tools "$gs_init
$gs_unit
$gs_sshd
$gs_tools"

# The listener, by what it wrote itself; else the oldest process of that name.
gs_runs /run/sshd.pid sshd || gs_pid=$(pgrep -o -x sshd 2>/dev/null)
if [ -n "$gs_pid" ] && read -r gs_one 2>/dev/null <"/proc/$gs_pid/stat"; then
    gs_say service-process "$gs_one
$(tr '\0' ' ' 2>/dev/null <"/proc/$gs_pid/cmdline")"
fi

# State 0A of proc_net_tcp(5): what listens.
gs_listens=$(grep -h -m 300 ' 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
[ ! -r /proc/net/tcp ] || gs_say service-listens "$gs_listens"
gs_down=y
case $gs_listens in
*":$(printf %04X "$gs_port") 00"*) gs_down= ;;
esac

gs_root=
[ "$gs_uid" != 0 ] || gs_root=y
if [ -n "$gs_root" ] && [ -n "$gs_sshd" ]; then
    gs_settings=$($gs_brief "$gs_sshd" -T -C "user=$gs_user,host=localhost,addr=127.0.0.1" 2>/dev/null </dev/null)
    gs_status=$?
    gs_say service-settings "$gs_settings"
    if [ $gs_status -ne 0 ]; then
        $gs_brief "$gs_sshd" -t 2>&1 </dev/null | head -c 3000 | gs_fact service-test
    fi
else
    cat /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config 2>/dev/null | head -c 60000 | gs_fact service-files
    gs_not_seen sshd-settings
fi
[ "$gs_uid" = 0 ] || gs_not_seen log
# $1: what to look for in the last words of sshd, in its journal or its log.
gs_log() {
    if [ $gs_init = systemd ]; then
        $gs_brief journalctl -t sshd -t sshd-session -t sshd-auth --since -20min -o cat --no-pager -q \
            -g "$1" -n 100 2>/dev/null
    else
        gs_one=$(tr '\0' ' ' 2>/dev/null <"/proc/$gs_pid/cmdline" | sed -n 's/.* -E \([^ ]*\).*/\1/p')
        for gs_one in "$gs_one" /var/log/auth.log /var/log/secure; do
            [ ! -r "$gs_one" ] || [ ! -f "$gs_one" ] || tail -n 500 "$gs_one"
        done
    fi | grep -aE "$1"
}
# Since OpenSSH 9.8: whom it turns away for a while, and why. The caller seldom hears it.
case $gs_settings in
*"persourcepenalties crash"*)
    gs_log 'penalty:' | sed 's/.*drop connection/drop connection/' | sort -u | tail -n 30 | gs_fact service-penalties
    ;;
esac
# Why it let somebody not in.
if [ -n "$gs_in_vain" ] && [ "$gs_uid" = 0 ]; then
    gs_log 'Authentication refused|not allowed because|ROOT LOGIN REFUSED|refused connect|xpired|by PAM account' |
        sed 's/^.*sshd[^ ]*: //' | sort -u | tail -n 12 | cut -c 1-300 | gs_fact service-refusals
fi
# Which lines choose algorithms: the defaults agree with everybody's.
gs_one=$(grep -HniE -m 9 '^[[:space:]]*(kexalgorithms|ciphers|macs|hostkeyalgorithms)' \
    /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf 2>/dev/null)
gs_say service-chosen "$gs_one"
if [ -n "$gs_down" ] && [ $gs_init = systemd ]; then
    $gs_brief systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState -p Result \
        "$gs_unit.service" "$gs_unit.socket" 2>/dev/null | gs_fact service-units
    $gs_brief journalctl -u "$gs_unit.service" -n 6 -o cat --no-pager -q 2>/dev/null | tail -c 2000 |
        gs_fact service-journal
fi

# The rules of the kernel, whoever made them. Tools of iptables would load modules, so they are asked only where some
# are in use.
gs_rules=
if [ -z "$gs_root" ]; then
    case $gs_tools in
    *nft* | *tables* | *fire* | *ufw*) gs_not_seen firewall ;;
    esac
else
    if gs_has nft; then
        gs_rules=$($gs_brief nft -a list ruleset 2>/dev/null | head -c 300000)
        gs_say service-nft "$gs_rules"
    fi
    for gs_one in iptables ip6tables; do
        gs_has $gs_one || continue
        case $gs_one in
        iptables) gs_path=/proc/net/ip_tables_names ;;
        *) gs_path=/proc/net/ip6_tables_names ;;
        esac
        gs_tool=$gs_one
        if grep -q filter $gs_path 2>/dev/null; then
            ! gs_has $gs_one-legacy || gs_tool=$gs_one-legacy
        elif gs_has nft; then
            continue
        else
            case $(readlink -f "$(command -v $gs_one)") in
            *nft*) ;;
            *) continue ;;
            esac
        fi
        gs_more=$($gs_brief $gs_tool -S 2>/dev/null | head -c 200000)
        printf '%s\n%s' "$gs_tool" "$gs_more" | gs_fact "service-$gs_one"
        gs_rules="$gs_rules
$gs_more"
    done
    case $gs_rules in
    *"table inet firewalld "* | *INPUT_ZONES*) gs_firewalld=y ;;
    esac
    gs_open="dport (\{[^}]*[ ,{])?($gs_port|ssh)[ ,}].*accept|--dports? ([0-9,:]*,)?${gs_port}[ ,].*ACCEPT"
    if [ -n "$gs_firewalld" ] && gs_has firewall-cmd && ! printf %s "$gs_rules" | grep -Eq "$gs_open"; then
        $gs_brief firewall-cmd --list-all 2>/dev/null | head -c 2000 | gs_fact service-zone
    fi
fi

# TCP wrappers (hosts_access(5)).
if grep -q '^[[:space:]]*[^#[:space:]]' /etc/hosts.deny 2>/dev/null; then
    for gs_one in "$gs_sshd" /usr/lib/openssh/sshd-session /usr/libexec/openssh/sshd-session; do
        grep -q 'libwrap\.so' "$gs_one" 2>/dev/null && echo yes && break
    done | gs_fact service-libwrap
    head -c 20000 /etc/hosts.deny | gs_fact service-deny
    [ -r /etc/hosts.allow ] && head -c 20000 /etc/hosts.allow | gs_fact service-allow
fi

for gs_dir in /sys/class/net/*; do
    gs_one=
    read -r gs_one 2>/dev/null <"$gs_dir/address" && echo "$gs_one"
done | gs_fact service-hardware
if gs_has ip; then
    ip -o addr 2>/dev/null | head -c 20000 | gs_fact service-addresses
    # Who answers for the others counts only where calls go astray.
    [ -z "$gs_callees" ] || ip neigh 2>/dev/null | head -c 100000 | gs_fact service-neighbours
fi

# How long sshd waits for the name of a caller, if it wants to know it: a line with the address and hundredths of seconds.
gs_clock() { read -r gs_now gs_x </proc/uptime && gs_now=${gs_now%.*}${gs_now#*.}; }
case $gs_settings in
*"usedns yes"*)
    gs_count=
    for gs_one in $gs_addresses; do
        case $gs_count in xx) break ;; esac
        gs_count=x$gs_count
        gs_clock
        gs_then=$gs_now
        $gs_brief getent hosts "$gs_one" >/dev/null 2>&1 </dev/null
        gs_clock
        echo "$gs_one $((gs_now - gs_then))"
    done | gs_fact service-lookups
    ;;
esac

# What the network answers where ssh had no success. A line a node: its address, its port, then words.
gs_ping() { ping -n -q -c 1 -W 1 "$@" >/dev/null 2>&1 </dev/null; }
gs_ask() {
    gs_said=
    gs_head=28
    case $1 in *:*) gs_head=48 ;; esac
    if gs_ping "$1"; then
        gs_said=" ping=y"
        gs_dev=$(ip -o route get "$1" 2>/dev/null)
        gs_dev=${gs_dev#* dev }
        gs_dev=${gs_dev%% *}
        gs_mtu=1500
        [ -r "/sys/class/net/$gs_dev/mtu" ] && read -r gs_mtu <"/sys/class/net/$gs_dev/mtu"
        [ "$gs_mtu" -lt 9001 ] || gs_mtu=9000
        # Only a ping that understands this can say something by its silence.
        if gs_ping -M 'do' -s 56 "$1"; then
            gs_said="$gs_said dev=$gs_dev mtu=$gs_mtu"
            for gs_size in $gs_mtu 1500 1492 1450 1400 1280 1000 576 400 256 100; do
                [ "$gs_size" -le "$gs_mtu" ] || continue
                if gs_ping -M 'do' -s $((gs_size - gs_head)) "$1"; then
                    gs_said="$gs_said passes=$gs_size"
                    break
                fi
            done
        fi
    else
        # A port on which nobody listens is refused by a machine that is there.
        gs_word=$(ssh -F none -n -o BatchMode=yes -o ConnectTimeout=2 -p 9 -- "$1" true 2>&1)
        case $gs_word in
        *refused*) gs_said=" other=y" ;;
        *)
            # An address that has just been asked for is looked for some seconds before it counts as gone.
            for gs_x in 1 2 3 4 5 6 7 8 9; do
                gs_near=$(ip neigh show to "$1" 2>/dev/null)
                case $gs_near in
                *DELAY* | *PROBE* | *INCOMPLETE*) sleep 1 ;;
                *) break ;;
                esac
            done
            case $gs_near in
            *REACHABLE*) gs_said=" near=y" ;;
            *FAILED*) gs_said=" near=n" ;;
            esac
            ;;
        esac
    fi
    printf '%s\n' "$1 $2$gs_said"
}
if [ -n "$gs_callees" ]; then
    gs_count=
    {
        for gs_one in $gs_callees; do
            (gs_ask "${gs_one%,*}" "${gs_one##*,}") &
            gs_count=x$gs_count
            case $gs_count in
            xxxxxxxxxxxxxxxx) wait && gs_count= ;;
            esac
        done
        wait
    } | gs_fact service-callees
    for gs_one in $gs_callees; do
        $gs_brief ssh -G -- "${gs_one%,*}" 2>/dev/null |
            grep -E '^(kexalgorithms|ciphers|macs|hostkeyalgorithms|identityfile|identitiesonly) ' | gs_fact service-offers
        break
    done
    grep -HniE '^[[:space:]]*(kexalgorithms|ciphers|macs|hostkeyalgorithms)' \
        "$gs_home/.ssh/config" /etc/ssh/ssh_config /etc/ssh/ssh_config.d/*.conf 2>/dev/null |
        head -c 3000 | gs_fact service-chosen-by-caller
fi
