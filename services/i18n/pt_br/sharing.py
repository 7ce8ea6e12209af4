"""Com quem uma coisa é compartilhada."""

WORDS = {
    "sharing.error.whom": "Não existe essa pessoa ou esse papel.",
    "sharing.error.many": "No máximo 50 pessoas e papéis.",
}
