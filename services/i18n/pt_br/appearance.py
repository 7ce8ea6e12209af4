"""Como se lê o KeepAI: idioma, tema, fuso."""

WORDS = {
    "appearance.title": "Aparência",
    "appearance.look": "Idioma e tema",
    "appearance.times": "Horários",
    "appearance.language.help": "Da tela, das mensagens e do e-mail que o KeepAI manda a você.",
    "appearance.theme.help": "Vale em todos os seus navegadores. “Do sistema”: cada um segue o aparelho em que está.",
    "appearance.zone.now": "Agora são",
    "appearance.zone.save": "Salvar fuso",
    "appearance.zone.saved": "Fuso salvo",
    "appearance.language": "Idioma",
    "appearance.zone": "Fuso horário",
    "appearance.zone.help": "Os horários de todas as páginas seguem este fuso.",
    "appearance.theme": "Tema",
    "appearance.no_such_language": "Escolha um dos idiomas da lista.",
    "appearance.no_such_zone": "Escolha um fuso da lista, como America/Sao_Paulo.",
    "appearance.no_such_theme": "Escolha um dos temas da lista.",
}
