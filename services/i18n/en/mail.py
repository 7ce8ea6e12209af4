"""The messages that KeepAI sends by mail, and the page of the settings that tests them."""

WORDS = {
    "mail.foot": "Sent by KeepAI at {address}. Nobody reads replies to this message.",
    "mail.invitation.subject": "{by} invited you to KeepAI",
    "mail.invitation.text": "{by} invited you to KeepAI at {address}, with the role {role}.",
    "mail.invitation.action": "Accept the invitation",
    "mail.invitation.note": (
        "The link works once, until {until}. If you did not expect this invitation, ignore this message."
    ),
    "mail.password_reset.subject": "New password for KeepAI",
    "mail.password_reset.text": "Somebody asked for a new password for your account on KeepAI at {address}.",
    "mail.password_reset.action": "Choose a new password",
    "mail.password_reset.note": (
        "The link works once, until {until}. If it was not you, ignore this message: your password stays as it is."
    ),
    "mail.test.subject": "Test of KeepAI",
    "mail.test.text": "If you read this, what KeepAI at {address} sends here arrives.",
    "mail.test.note": "{by} asked for this test.",
    "mail.alert.subject": "{head}: {title}",
    "mail.alert.text": "{title}. {fact}.",
    "mail.alert.action": "See the alert",
    "mail.alert.note": "{runbook}",
    "mail.alert.no_runbook": "In KeepAI you can say that you take care of it, so that nobody else is called.",
    "mail.alert_digest.subject": "{count} in KeepAI",
    "mail.alert_digest.text": "{lines}",
    "mail.alert_digest.action": "See the alerts",
    "mail.alert_digest.note": "Much happened at once, which is why it comes as one message a minute.",
    "mail.title": "Mail",
    "mail.server": "Server",
    "mail.security": "Security",
    "mail.insecure": "none: everything goes unencrypted",
    "mail.user": "User",
    "mail.nobody": "none",
    "mail.sender": "Sender",
    "mail.state": "State",
    "mail.settings": "Mail server",
    "mail.how": "These come from the variables KEEPAI_SMTP_… and change with a restart.",
    "mail.none": "No mail server",
    "mail.none_text": (
        "Invitations and new passwords are links that you pass on by hand. To have KeepAI send them, set "
        "KEEPAI_SMTP_HOST and KEEPAI_SMTP_FROM and, if the server asks for it, KEEPAI_SMTP_USER and "
        "KEEPAI_SMTP_PASSWORD; then restart."
    ),
    "mail.test": "Send a test",
    "mail.testing": "Sending",
    "mail.test_title": "Test",
    "mail.test_text": "A message to {email}, on the same way as all others.",
    "mail.outcome.sent": "The server took the message",
    "mail.outcome.waiting": "Not sent yet; it is tried again soon",
    "mail.outcome.dead": "It could not be sent",
    "mail.slow": "There is no answer yet. What is not delivered appears on the system page.",
}
