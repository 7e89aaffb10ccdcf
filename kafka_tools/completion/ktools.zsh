#compdef @COMMANDS@
# Completion of ktools for zsh: source <(ktools completion zsh), or as a file _ktools in a folder of $fpath.
_ktools() {
  local ktools=ktools line
  local -a answer plain open explained
  [[ ${words[1]:t} == ktools ]] && ktools=${~${(Q)words[1]}}
  answer=("${(@f)$("$ktools" completion zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  [[ $answer[1] == *' '* ]] || return 1
  compset -p ${answer[1]#* }
  case ${answer[1]% *} in
    files) _files && return 0 ;;
    directories) _files -/ && return 0 ;;
  esac
  for line in "${(@)answer[2,-1]}"; do
    case $line in
      *[=,:/]$'\t'*) open+=("${line%%$'\t'*}") ;;
      *$'\t') plain+=("${line%$'\t'}") ;;
      *) explained+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  local status_=1
  (( $#open )) && compadd -S '' -a open && status_=0
  (( $#plain )) && compadd -a plain && status_=0
  (( $#explained )) && _describe -V ktools explained && status_=0
  return status_
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
  _ktools "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
  compdef _ktools @COMMANDS@
fi
