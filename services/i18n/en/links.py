"""What links that work once open."""

WORDS = {
    "links.invitation.title": "Join the team",
    "links.invitation.text": "{by} invites {email} to KeepAI as {role}. Choose a password to begin.",
    "links.invitation.submit": "Join",
    "links.password_reset.title": "New password",
    "links.password_reset.text": "For {email}; {by} made this link. All sessions of the account end.",
    "links.password_reset.submit": "Set the password",
    "links.name": "Your name",
    "links.name_help": "How the team sees it.",
    "links.password": "New password",
    "links.password_help": "At least {least} characters. A sentence does well.",
    "links.gone.title": "This link works no longer",
    "links.gone.text": "It was used already, ran out, or was taken back. Whoever gave it to you can make another.",
    "links.forgot.title": "New password",
    "links.forgot.text": "Your address gets a link with which you choose another password.",
    "links.forgot.submit": "Send the link",
    "links.forgot.sent": "If somebody has an account with this address, a mail with a link is on its way. It works once, for 24 hours.",
    "links.forgot.no_mail": "This KeepAI sends no mail. Ask an admin for a link.",
    "links.password_reset.own": "For {email}. All sessions of the account end.",
    "links.invitation.own": "{email} is invited to KeepAI as {role}. Choose a password to begin.",
}
