"""Signing in."""

WORDS = {
    "auth.title": "Entrar",
    "auth.email": "E-mail",
    "auth.password": "Senha",
    "auth.submit": "Entrar",
    "auth.other_language": "English",
    "auth.wrong": "E-mail ou senha não conferem.",
    "auth.limited": "Foram tentativas demais. Espere um minuto e tente de novo.",
    "auth.busy": "Há muita gente entrando agora. Tente de novo em instantes.",
    "auth.revoked": "Sua sessão foi encerrada. Entre de novo.",
    "auth.expired": "Sua sessão terminou. Entre de novo.",
    "auth.password_changed": "A senha foi trocada. Entre com a nova.",
    "auth.empty.text": "Ainda não há nenhuma conta. Na máquina do KeepAI, crie a primeira com:",
    "auth.refresh_over": "Estes tokens já não valem. Entre de novo.",
    "auth.forgot": "Esqueceu a senha?",
}
