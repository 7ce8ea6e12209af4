"""Silêncios: o que não avisa ninguém, até quando, por quem e por quê."""

WORDS = {
    "silences.tomorrow_at": "amanhã às {clock}",
    "silences.error.nothing": "Diga o que calar: um rótulo, ou uma regra.",
    "silences.error.matchers": "De 1 a 8 rótulos, cada um com um nome e um valor curtos.",
    "silences.error.rule": "Esta regra não existe.",
    "silences.error.past": "Escolha um momento no futuro.",
    "silences.error.order": "O fim precisa vir depois do começo.",
    "silences.error.days": "Por no máximo 30 dias.",
    "silences.error.reason": "Diga por quê: a equipe vai ler.",
    "silences.error.long": "Até 300 letras.",
    "silences.error.over": "Este silêncio já terminou.",
}
