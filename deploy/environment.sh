#!/bin/bash
# Makes the virtual environment with a Python that is new enough, or says in one sentence what is missing.
set -euo pipefail
venv=$1
case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in pt*) pt=1 ;; *) pt= ;; esac
say() { if [ -n "$pt" ]; then echo "$1" >&2; else echo "$2" >&2; fi; }

newest=
for name in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3 python; do
    version=$("$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    newest=${newest:-$version}
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (4, 0))' 2>/dev/null; then
        if ! "$name" -c 'import venv, ensurepip' 2>/dev/null; then
            unfinished=$version
            continue
        fi
        rm -rf "$venv"
        "$name" -m venv "$venv"
        exit 0
    fi
done

if [ -n "${unfinished:-}" ]; then
    say "O Python $unfinished não tem o módulo venv; no Debian ou Ubuntu: apt install python$unfinished-venv." \
        "Python $unfinished comes without its venv module; on Debian or Ubuntu: apt install python$unfinished-venv."
elif [ -n "$newest" ]; then
    say "O Python $newest é antigo demais: o KeepAI precisa do 3.11 ou mais novo (ou indique um com make run PYTHON=/caminho/python)." \
        "Python $newest is too old: KeepAI needs 3.11 or newer (or name one with make run PYTHON=/path/to/python)."
else
    say "Não há Python nesta máquina: o KeepAI precisa do 3.11 ou mais novo, de https://www.python.org/downloads/." \
        "There is no Python on this machine: KeepAI needs 3.11 or newer, from https://www.python.org/downloads/."
fi
exit 2
