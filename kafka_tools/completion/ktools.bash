# Completion of ktools for bash 3.2 and newer: source <(ktools completion bash)
_ktools() {
  local ktools=${COMP_WORDS[0]} answer IFS=$'\n' options=$-
  [[ ${ktools##*/} == ktools ]] || ktools=ktools
  answer=$("${ktools/#~\//$HOME/}" completion bash -- "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
  COMPREPLY=()
  case $answer in
    files) compopt -o default +o nospace 2>/dev/null || COMPREPLY=($(compgen -f -- "$2")) ;;
    directories) compopt -o dirnames +o nospace 2>/dev/null || COMPREPLY=($(compgen -d -- "$2")) ;;
    words*)
      set -f
      COMPREPLY=(${answer#words})
      [[ $options == *f* ]] || set +f
      ;;
  esac
}
complete -o nospace -F _ktools @COMMANDS@
