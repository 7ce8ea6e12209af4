"""What is said when something cannot be done."""

WORDS = {
    "errors.unexpected": "Something failed here. Try again; if it goes on, send the request number to your admin.",
    "errors.invalid": "Something in what was sent cannot be used.",
    "errors.not_found": "This does not exist, or is not for your account.",
    "errors.forbidden": "Your role does not allow this. An admin can change that.",
    "errors.forbidden_role": "Your role ({role}) does not allow this. An admin can change that.",
    "errors.conflict": "This changed while you were looking. Reload and try again.",
    "errors.upstream": "The outside service did not answer as it should. Try again in a moment.",
    "errors.database": "The database does not answer. Nothing is lost; try again in a moment.",
    "errors.arguments": "The request came with values that cannot be used.",
    "errors.email": "This e-mail address is not complete.",
    "errors.email_taken": "There is an account with this e-mail already.",
    "errors.no_such_account": "There is no account with this e-mail.",
    "errors.not_signed_in": "Sign in to go on.",
    "errors.must_change_password": "Change your password before going on.",
    "errors.wrong_host": "KeepAI does not answer to this name.",
    "errors.foreign_origin": "This request came from another site and was refused.",
    "errors.too_large": "What was sent is too large.",
    "errors.too_many": "Too many requests in a short time. Wait a minute.",
    "errors.no_such_address": "There is no such address in the API.",
    "errors.metrics_token": "Metrics need the token of KEEPAI_METRICS_TOKEN, or a request made on this machine.",
    "errors.unknown_fields": "There is no {names}.",
    "errors.field.missing": "This value is missing.",
    "errors.field.number": "It must be a number.",
    "errors.field.choice": "It must be one of the accepted values.",
    "errors.field.range": "It is outside the accepted limits.",
    "errors.field.long": "It is too long.",
    "errors.field.moment": "It must be a moment, such as 2026-01-31T12:00:00Z or seconds since 1970.",
    "errors.field.wrong": "This value cannot be used.",
    "errors.page.back": "Go to the dashboard",
    "errors.page.reload": "Reload",
    "errors.page.not_found.title": "Page not found",
    "errors.page.not_found.text": "There is nothing at this address. The link may be old or incomplete.",
    "errors.page.forbidden.title": "Access refused",
    "errors.page.forbidden.text": "This request could not be accepted. Open the page again from the dashboard.",
    "errors.page.failed.title": "Something failed here",
    "errors.page.failed.text": (
        "The error was recorded, and what was saved is still saved. Try again; if it goes on, send the number below "
        "to your admin."
    ),
    "errors.page.database.title": "The database does not answer",
    "errors.page.database.text": "What was saved is still saved. Try again in a moment.",
    "errors.page.wrong_host.title": "This is not the address of this installation",
    "errors.page.wrong_host.text": (
        "KeepAI answers only at localhost and at the address in KEEPAI_PUBLIC_URL. To use {host}, an admin sets "
        "KEEPAI_PUBLIC_URL to it and restarts."
    ),
    "errors.page.too_large.title": "Too large",
    "errors.page.too_large.text": "What was sent is over the accepted size. Nothing was kept.",
    "errors.page.new_version.title": "There is a new version",
    "errors.page.new_version.text": "KeepAI was updated while this page was open. Reload to go on.",
}
