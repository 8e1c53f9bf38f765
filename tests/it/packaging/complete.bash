# Prints what a TAB at the end of a line offers in bash: FILE with the completion, then the words of the line.
source "$1" || exit 2
shift
spec=$(complete -p "$1") || exit 2
function=${spec##*-F }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
word=${COMP_WORDS[COMP_CWORD]}
"${function%% *}" "$1" "$word" "${COMP_WORDS[COMP_CWORD - 1]}"
# Where the function offers nothing, readline goes on with names of files.
if [ ${#COMPREPLY[@]} -eq 0 ] && [[ $spec == *"-o default"* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
fi
printf '%s\n' "${COMPREPLY[@]}"
