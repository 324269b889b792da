# The addresses in the hostfile of the line; only what can be one.
function __gs_sshexkey_nodes
    set -l words (commandline -opc)
    set -l file ''
    for i in (seq 2 (count $words))
        if contains -- $words[$i] -f -e; and test (count $words) -gt $i
            set file (string replace -r '^~/' "$HOME/" -- $words[(math $i + 1)])
        end
    end
    test -f "$file" -a -r "$file"; or return
    sed -n 's/^[[:blank:]]*\([0-9A-Fa-f:.]\{2,\}\)\([[:blank:],].*\)\{0,1\}$/\1/p' -- $file
end
