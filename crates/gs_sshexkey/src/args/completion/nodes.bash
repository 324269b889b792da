# The addresses in the hostfile of the line; only what can be one. For lists of them with commas too.
_gs_sshexkey_nodes() {
    local word=${COMP_LINE:0:COMP_POINT} file='' before='' after i node
    word=${word##*[[:blank:]]}
    case $word in --*=*) word=${word#*=} ;; esac
    case $word in *,*) before=${word%,*}, ;; esac
    # bash puts back only what stands behind a colon.
    after=${word##*:}
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in -f | -e) file=${COMP_WORDS[i + 1]} ;; esac
    done
    # shellcheck disable=SC2088
    case $file in '~/'*) file=$HOME/${file#'~/'} ;; esac
    [[ -f $file && -r $file ]] || return 0
    sed -n 's/^[[:blank:]]*\([0-9A-Fa-f:.]\{2,\}\)\([[:blank:],].*\)\{0,1\}$/\1/p' -- "$file" | while read -r node; do
        node=$before$node
        case $node in "$word"*) [[ $word == *:* ]] && node=${node#"${word%"$after"}"}; echo "$node" ;; esac
    done
}
