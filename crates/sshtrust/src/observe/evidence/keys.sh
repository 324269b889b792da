
# Keys, host keys and agents.
cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null | head -c 20000 | gs_fact keys-host
