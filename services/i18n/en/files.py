"""Files."""

WORDS = {
    "files.error.large": "The file may have up to {most} MB.",
    "files.error.cut": "What was sent ended half-way. Nothing was kept.",
    "files.error.full": "Your files together may have up to {most} GB. Delete some first.",
    "files.error.gone": "The content of this file is no longer here.",
    "files.error.attached": "This file is a part of something else already.",
    "people.permission.files:read": "Read one's own files, and those in what one may read",
    "people.permission.files:write": "Keep and delete one's own files",
    "audit.group.file": "Files",
    "audit.action.file.added": "Kept a file",
    "audit.action.file.deleted": "Deleted a file",
}
