# Completion of ktools for fish: ktools completion fish | source
function __ktools_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l ktools ktools
    string match -q -r '(^|/)ktools$' -- $words[1]; and set ktools $words[1]
    command -sq -- $ktools; or return
    set -l answer (command $ktools completion fish -- $words "$current" 2>/dev/null </dev/null)
    set -l value (string replace -r -- '^-[^=]*=' '' "$current")
    set -l before (string sub -l (math (string length -- "$current") - (string length -- "$value")) -- "$current")
    switch "$answer[1]"
        case files directories
            set -l paths (complete -C"__ktools_file $value") # fish completes files after a command it does not know
            test "$answer[1]" = directories; and set paths (string match -r -- '.*/$' $paths)
            for path in $paths
                printf '%s\n' "$before$path"
            end
        case words
            printf '%s\n' $answer[2..-1]
    end
end
for name in @COMMANDS@
    complete -c $name -f -a '(__ktools_complete)'
end
