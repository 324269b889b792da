# Run at the console of every node, after its own script. The lines before set gs_user, gs_known and gs_keys (lines for
# known_hosts and authorized_keys), gs_hosts_here and gs_tags_here (their hosts and comments, blanks around each).

# Lines of the user's own with another key for a node: ssh goes on accepting that one too.
gs_show_contradictions() {
    grep -av ' #OM$' "$gs_ssh/known_hosts" | grep -aq . || return 0
    for gs_one in $gs_hosts_here; do
        # shellcheck disable=SC2030 # gs_judge runs in the same subshell.
        ssh-keygen -F "$gs_one" -f "$gs_ssh/known_hosts" 2>/dev/null | while read -r gs_a gs_b gs_c gs_d; do
            case $gs_a in
            '#') gs_number=${gs_d##* } ;;
            @*) ;;
            *) gs_judge "$gs_b" "$gs_c" ;;
            esac
        done
    done
}

# $1 algorithm, $2 Base64 of a record of gs_one in line gs_number.
# shellcheck disable=SC2031 # As above.
gs_judge() {
    grep -qxF "$gs_one $1 $2 #OM" "$gs_work/known" && return
    grep -qF "$gs_one $1 " "$gs_work/known" || return 0
    gs_warn "$gs_ssh/known_hosts, line $gs_number, has another $1 key for $gs_one. If it is an old one: ssh-keygen -R '$gs_one' -f $gs_ssh/known_hosts; then run this again" \
        "$gs_ssh/known_hosts 第 $gs_number 行记录了 $gs_one 的另一个 $1 公钥。如果已过期：ssh-keygen -R '$gs_one' -f $gs_ssh/known_hosts，然后重新执行本脚本"
}

gs_account
gs_folders
printf '%s\n' "$gs_known" >"$gs_work/known" || gs_cannot_write "$gs_work"
printf '%s\n' "$gs_keys" >"$gs_work/keys" || gs_cannot_write "$gs_work"
gs_merge_authorized_keys "$gs_ssh/authorized_keys" "$gs_work/keys" "$gs_tags_here"
gs_merge_known_hosts "$gs_ssh/known_hosts" "$gs_work/known" "$gs_hosts_here"
gs_modes
gs_show_contradictions
gs_public=
[ ! -e "$gs_ssh/id_rsa.pub" ] || gs_public=$(head -n 1 "$gs_ssh/id_rsa.pub" | cut -d ' ' -f 1,2)
if [ ! -e "$gs_ssh/id_rsa" ] || [ -z "$gs_public" ] || ! grep -qF "$gs_public " "$gs_work/keys"; then
    gs_miss "the key of this machine is not in this script, so the others do not let it in yet. Run this machine's own script, collect again, and carry the new finish.sh round" \
        "本脚本中没有本机的公钥，其他节点暂时不会允许本机登录。请先执行本机对应的脚本，重新收集，再把新的 finish.sh 带到各节点执行"
fi
sync
[ "$gs_trouble" -eq 0 ] || exit 1
gs_say "Done on this machine." "本机完成。"
