"""Signing in."""

WORDS = {
    "auth.title": "Sign in",
    "auth.email": "E-mail address",
    "auth.password": "Password",
    "auth.submit": "Sign in",
    "auth.other_language": "Português",
    "auth.wrong": "E-mail or password is not right.",
    "auth.limited": "Too many attempts. Wait a minute and try again.",
    "auth.busy": "Many people are signing in right now. Try again in a moment.",
    "auth.revoked": "Your session was ended. Sign in again.",
    "auth.expired": "Your session is over. Sign in again.",
    "auth.password_changed": "The password was changed. Sign in with the new one.",
    "auth.empty.text": "There is no account yet. On the machine that runs KeepAI, make the first one with:",
    "auth.refresh_over": "These tokens no longer hold. Sign in again.",
    "auth.forgot": "Forgot the password?",
}
