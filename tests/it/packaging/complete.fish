# Prints what a TAB at the end of a line offers in fish: FILE with the completion, then the line.
source $argv[1]; or exit 2
for offered in (complete --do-complete "$argv[2]")
    string replace --regex '\t.*' '' -- $offered
end
true
