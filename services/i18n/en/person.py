"""One person of the team."""

WORDS = {
    "person.title": "Sign-ins and keys",
    "person.everybody": "The whole team",
    "person.nobody": "Nobody of the team",
    "person.nobody_text": "The address is not that of anybody here.",
    "person.sign_ins.caption": "where the person is signed in",
    "person.no_sign_ins": "Nowhere",
    "person.no_sign_ins_text": "The person is signed in with no browser and no program.",
    "person.end_all": "End all",
    "person.end_all.title": "End all sessions of {name}?",
    "person.end_all.text": "Their browsers go to the sign-in page now, and programs that signed in with the password stop. Keys stay valid.",
    "person.ended.one": "{count} session ended",
    "person.ended.other": "{count} sessions ended",
    "person.no_keys": "No key",
    "person.no_keys_text": "No program uses the API on behalf of the person.",
    "person.revoke_all": "Revoke all",
    "person.revoke_all.title": "Revoke all keys of {name}?",
    "person.revoke_all.text": "The programs that use them are no longer served within 5 seconds. This cannot be undone.",
    "person.revoked.one": "{count} key revoked",
    "person.revoked.other": "{count} keys revoked",
}
