# bash completion for exportsite; made by "exportsite manual bash"
_exportsite()
{
    local cur prev word i said='' words='' files='' options
    local valued paths

    valued="\
            --redis --prefix --stream --db --user --password-file --country \
            --continent --region --city --asn --organization --language \
            --industry --path --host --method --referrer --agent --device \
            --crawler --consent --new --visits --views --hour --weekday \
            --date --query --cookie --profile --visitor --limit --file \
            --expire --events --name --group --geo --languages --until \
            --machine --maxlen --nginx --conf --nginx-prefix --module"
    paths="\
            --password-file --file --geo --nginx --conf --nginx-prefix \
            --module"
    options="\
            --redis --prefix --stream --db --user --password-file --json \
            --help --version"

    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}

    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ " $valued " == *" $word "* ]]; then
            [[ ${COMP_WORDS[i + 1]} != = ]] || ((i++))
            ((i++))
        elif [[ $word != -* && $word != = ]]; then
            said+=" $word"
        fi
    done

    case "$said " in
    " " | " help ")
        words=" segment slot visitor topic score setting learn import doctor \
            manual help"
        ;;
    " segment " | " help segment ")
        words=" list show set rm check test export import"
        ;;
    " slot " | " help slot ")
        words=" list show set rm"
        ;;
    " visitor " | " help visitor ")
        words=" show set export forget merge"
        ;;
    " topic " | " help topic ")
        words=" list set rm check test"
        ;;
    " score " | " help score ")
        words=" list set rm check test"
        ;;
    " setting " | " help setting ")
        words=" list set rm"
        ;;
    " segment list "*)
        options+=" --quick"
        ;;
    " segment check "*)
        files=1
        ;;
    " segment test "*)
        options+=" --country --continent --region --city --asn \
            --organization --language --industry --path --host --method \
            --referrer --agent --device --crawler --consent --new --visits \
            --views --hour --weekday --date --query --cookie --profile \
            --visitor --limit"
        ;;
    " segment import "*)
        options+=" --delete --dry-run"
        files=1
        ;;
    " slot set "*)
        options+=" --file --expire"
        ;;
    " visitor show "*)
        options+=" --events"
        ;;
    " visitor forget "*)
        options+=" --yes"
        ;;
    " topic test "*)
        options+=" --events"
        ;;
    " score test "*)
        options+=" --events"
        ;;
    " learn "*)
        options+=" --once --name --group"
        ;;
    " import "*)
        options+=" --host --geo --languages --until --no-visitors --machine \
            --maxlen --force --dry-run"
        files=1
        ;;
    " doctor "*)
        options+=" --nginx --conf --nginx-prefix --module"
        ;;
    " manual "*)
        words='man bash'
        ;;
    esac

    if [[ " $paths " == *" $prev "* ]]; then
        files=1
    elif [[ " $valued " == *" $prev "* ]]; then
        words='' files=''
    elif [[ $cur == -* ]]; then
        words=$options files=''
    fi

    if [[ -n $files ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    fi
}
complete -F _exportsite exportsite
