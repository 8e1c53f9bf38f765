# Prints what a TAB at the end of a line offers in zsh: the folder with `_backlint`, then the line. The
# completion runs as it does for people, in an interactive shell on a terminal of its own, where `compadd`
# shows what it is given instead of adding it.
zmodload zsh/zpty || exit 2
inner=$(mktemp) || exit 2
trap 'rm -f $inner' EXIT
print -r -- "fpath=(${(q)1} \$fpath)" > $inner
print -r -- '
PROMPT= RPROMPT=
autoload -Uz compinit && compinit -u -D
unsetopt list_beep prompt_sp prompt_cr zle_bracketed_paste 2>/dev/null
unset zle_bracketed_paste
bindkey "^I" complete-word
zstyle ":completion:*" list-grouped false
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-[OAD]\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a offered
    builtin compadd -A offered "$@"
    print -rl -- "offered:"$^offered
}
ended() { print "ended" }
comppostfuncs=(ended)
print "ready"' >> $inner
zpty shell zsh -f -i || exit 2
zpty -w shell "source $inner"
zpty -r -m shell seen '*ready*' || exit 2
zpty -w -n shell "$2"$'\t'
while zpty -r shell seen; do
    seen=${${seen//$'\r'}%$'\n'}
    [[ $seen == *offered:* ]] && print -r -- "${seen##*offered:}"
    [[ $seen == *ended* ]] && { zpty -d shell; exit 0 }
done
exit 2
