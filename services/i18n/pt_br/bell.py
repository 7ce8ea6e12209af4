"""The bell: what one was told of."""

WORDS = {
    "bell.title": "O que você soube",
    "bell.unread": "{number} novidades para você",
    "bell.read_all": "Marcar tudo como lido",
    "bell.nothing": "Quando um alerta for avisado a você, ele fica aqui.",
    "bell.all": "Todos os alertas",
    "bell.wishes": "Como quero ser avisado",
    "bell.new": "Nova",
    "bell.by": "por {by}",
    "bell.waits": "por {by} às {at}",
    "bell.way.mail": "e-mail",
    "bell.way.sms": "SMS",
    "bell.way.push": "notificação do navegador",
    "bell.way.bell": "este sino",
    "bell.escalated": "Ninguém reconheceu a tempo",
    "bell.repeated": "Continua, e ninguém reconheceu",
}
