"""What KeepAI remembers: every table, imported here so that metadata is complete."""

from models.account import Account, RoleGrant
from models.alert import Alert, AlertEvent, AlertNotice, AlertOutside, AlertRule, AlertStanding
from models.audit import AuditCheckpoint, AuditDetail, AuditEvent
from models.channel import AlertRoute, Channel, NoticePreference
from models.compute import Compute, Worker
from models.external_identity import ExternalIdentity
from models.file import StoredFile
from models.job import BellNotice, Job
from models.lease import Lease
from models.link import OneTimeLink
from models.note import Note, NoteAbout, NoteLink, NotePin, NoteTag, NoteVersion, SavedSearch
from models.outbox import OutboxMessage
from models.passage import Passage
from models.probe import ProbeStatus
from models.program import ApiKey, RefreshToken, TokenFamily
from models.provider import (
    ModelBudget,
    ModelCall,
    ModelPrice,
    ModelReservation,
    ModelSpending,
    StoredProvider,
)
from models.push import PushSubscription
from models.sample import SampleBlock, Subject
from models.second_factor import RecoveryCode, SecondFactor
from models.session import AccountSession
from models.share import Share
from models.silence import MaintenanceWindow, Silence
from models.task import Task, TaskEvent
from models.task_group import TaskGroupRun
from models.vault import VaultCheck
from models.worker_event import WorkerEvent

__all__ = [
    "Account",
    "AccountSession",
    "Alert",
    "AlertEvent",
    "AlertNotice",
    "AlertOutside",
    "AlertRoute",
    "AlertRule",
    "AlertStanding",
    "ApiKey",
    "AuditCheckpoint",
    "AuditDetail",
    "AuditEvent",
    "BellNotice",
    "Channel",
    "Compute",
    "ExternalIdentity",
    "Job",
    "Lease",
    "MaintenanceWindow",
    "ModelBudget",
    "ModelCall",
    "ModelPrice",
    "ModelReservation",
    "ModelSpending",
    "Note",
    "NoteAbout",
    "NoteLink",
    "NotePin",
    "NoteTag",
    "NoteVersion",
    "NoticePreference",
    "OneTimeLink",
    "OutboxMessage",
    "Passage",
    "ProbeStatus",
    "PushSubscription",
    "RecoveryCode",
    "RefreshToken",
    "RoleGrant",
    "SampleBlock",
    "SavedSearch",
    "SecondFactor",
    "Share",
    "Silence",
    "StoredFile",
    "StoredProvider",
    "Subject",
    "Task",
    "TaskEvent",
    "TaskGroupRun",
    "TokenFamily",
    "VaultCheck",
    "Worker",
    "WorkerEvent",
]
