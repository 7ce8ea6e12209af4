"""As mensagens que o KeepAI envia por e-mail, e a página das configurações que as testa."""

WORDS = {
    "mail.foot": "Enviada pelo KeepAI em {address}. Respostas a esta mensagem não são lidas.",
    "mail.invitation.subject": "{by} convidou você para o KeepAI",
    "mail.invitation.text": "{by} convidou você para o KeepAI em {address}, com o papel {role}.",
    "mail.invitation.action": "Aceitar o convite",
    "mail.invitation.note": (
        "O link vale uma vez, até {until}. Se você não esperava este convite, ignore esta mensagem."
    ),
    "mail.password_reset.subject": "Nova senha no KeepAI",
    "mail.password_reset.text": "Alguém pediu uma nova senha para a sua conta no KeepAI em {address}.",
    "mail.password_reset.action": "Escolher uma nova senha",
    "mail.password_reset.note": (
        "O link vale uma vez, até {until}. Se não foi você, ignore esta mensagem: a sua senha continua a mesma."
    ),
    "mail.test.subject": "Teste do KeepAI",
    "mail.test.text": "Se você lê isto, o que o KeepAI em {address} envia para cá chega.",
    "mail.test.note": "{by} pediu este teste.",
    "mail.alert.subject": "{head}: {title}",
    "mail.alert.text": "{title}. {fact}.",
    "mail.alert.action": "Ver o alerta",
    "mail.alert.note": "{runbook}",
    "mail.alert.no_runbook": "No KeepAI você pode dizer que cuida disso, para que ninguém mais seja chamado.",
    "mail.alert_digest.subject": "{count} no KeepAI",
    "mail.alert_digest.text": "{lines}",
    "mail.alert_digest.action": "Ver os alertas",
    "mail.alert_digest.note": "Muito aconteceu de uma vez; por isso vem tudo em uma mensagem por minuto.",
    "mail.title": "E-mail",
    "mail.server": "Servidor",
    "mail.security": "Segurança",
    "mail.insecure": "nenhuma: tudo vai sem criptografia",
    "mail.user": "Usuário",
    "mail.nobody": "nenhum",
    "mail.sender": "Remetente",
    "mail.state": "Estado",
    "mail.settings": "Servidor de e-mail",
    "mail.how": "Estes valores vêm das variáveis KEEPAI_SMTP_… e mudam com um reinício.",
    "mail.none": "Nenhum servidor de e-mail",
    "mail.none_text": (
        "Convites e novas senhas são links que você entrega à mão. Para que o KeepAI os envie, defina "
        "KEEPAI_SMTP_HOST e KEEPAI_SMTP_FROM e, se o servidor pedir, KEEPAI_SMTP_USER e KEEPAI_SMTP_PASSWORD; "
        "depois reinicie."
    ),
    "mail.test": "Enviar um teste",
    "mail.testing": "Enviando",
    "mail.test_title": "Teste",
    "mail.test_text": "Uma mensagem para {email}, pelo mesmo caminho de todas as outras.",
    "mail.outcome.sent": "O servidor aceitou a mensagem",
    "mail.outcome.waiting": "Ainda não foi enviada; nova tentativa em breve",
    "mail.outcome.dead": "Não pôde ser enviada",
    "mail.slow": "Ainda não há resposta. O que não for entregue aparece na página do sistema.",
}
