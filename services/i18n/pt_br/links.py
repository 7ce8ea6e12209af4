"""O que os links de uso único abrem."""

WORDS = {
    "links.invitation.title": "Entrar na equipe",
    "links.invitation.text": "{by} convida {email} para o KeepAI como {role}. Escolha uma senha para começar.",
    "links.invitation.submit": "Começar",
    "links.password_reset.title": "Nova senha",
    "links.password_reset.text": "Para {email}; o link foi criado por {by}. Todas as sessões da conta terminam.",
    "links.password_reset.submit": "Definir senha",
    "links.name": "Seu nome",
    "links.name_help": "Como aparece para a equipe.",
    "links.password": "Nova senha",
    "links.password_help": "Ao menos {least} caracteres. Uma frase serve bem.",
    "links.gone.title": "Este link não vale mais",
    "links.gone.text": "Ele já foi usado, venceu ou foi retirado. Quem o entregou pode criar outro.",
    "links.forgot.title": "Nova senha",
    "links.forgot.text": "Seu endereço recebe um link com o qual você escolhe outra senha.",
    "links.forgot.submit": "Enviar link",
    "links.forgot.sent": "Se alguém tem conta com este endereço, um e-mail com um link está a caminho. Ele vale uma vez, por 24 horas.",
    "links.forgot.no_mail": "Este KeepAI não envia e-mails. Peça um link a um admin.",
    "links.password_reset.own": "Para {email}. Todas as sessões da conta terminam.",
    "links.invitation.own": "{email} foi convidado para o KeepAI como {role}. Escolha uma senha para começar.",
}
