# The addresses in the hostfile of the line; only what can be one. For lists of them with commas too.
_gs_sshexkey_nodes() {
    local file i
    for ((i = 2; i < $#words; i++)); do
        [[ ${words[i]} == (-f|-e) ]] && file=${(Q)words[i + 1]}
    done
    file=${file/#\~\//$HOME/}
    [[ -f $file && -r $file ]] || return 1
    compset -P '*,'
    compadd -- ${(f)"$(sed -n 's/^[[:blank:]]*\([0-9A-Fa-f:.]\{2,\}\)\([[:blank:],].*\)\{0,1\}$/\1/p' -- "$file")"}
}

