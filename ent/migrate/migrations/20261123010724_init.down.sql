-- reverse: create index "transfer_run_id_state" to table: "transfers"
DROP INDEX "transfer_run_id_state";
-- reverse: create index "transfer_run_id_shard_id" to table: "transfers"
DROP INDEX "transfer_run_id_shard_id";
-- reverse: create index "transfer_run_id_id" to table: "transfers"
DROP INDEX "transfer_run_id_id";
-- reverse: create index "transfer_organization_id_id" to table: "transfers"
DROP INDEX "transfer_organization_id_id";
-- reverse: create "transfers" table
DROP TABLE "transfers";
-- reverse: create index "tokens_hash_key" to table: "tokens"
DROP INDEX "tokens_hash_key";
-- reverse: create index "token_organization_id_id" to table: "tokens"
DROP INDEX "token_organization_id_id";
-- reverse: create "tokens" table
DROP TABLE "tokens";
-- reverse: create index "sessions_hash_key" to table: "sessions"
DROP INDEX "sessions_hash_key";
-- reverse: create index "session_organization_id_id" to table: "sessions"
DROP INDEX "session_organization_id_id";
-- reverse: create index "session_expires_at" to table: "sessions"
DROP INDEX "session_expires_at";
-- reverse: create "sessions" table
DROP TABLE "sessions";
-- reverse: create index "request_organization_id_operation_key" to table: "requests"
DROP INDEX "request_organization_id_operation_key";
-- reverse: create index "request_organization_id_id" to table: "requests"
DROP INDEX "request_organization_id_id";
-- reverse: create index "request_created_at" to table: "requests"
DROP INDEX "request_created_at";
-- reverse: create "requests" table
DROP TABLE "requests";
-- reverse: create index "replica_target_id_file_id" to table: "replicas"
DROP INDEX "replica_target_id_file_id";
-- reverse: create index "replica_organization_id_id" to table: "replicas"
DROP INDEX "replica_organization_id_id";
-- reverse: create index "replica_file_id" to table: "replicas"
DROP INDEX "replica_file_id";
-- reverse: create "replicas" table
DROP TABLE "replicas";
-- reverse: create index "membership_organization_id_user_id" to table: "memberships"
DROP INDEX "membership_organization_id_user_id";
-- reverse: create index "membership_organization_id_id" to table: "memberships"
DROP INDEX "membership_organization_id_id";
-- reverse: create "memberships" table
DROP TABLE "memberships";
-- reverse: create index "users_email_key" to table: "users"
DROP INDEX "users_email_key";
-- reverse: create index "user_issuer_subject" to table: "users"
DROP INDEX "user_issuer_subject";
-- reverse: create "users" table
DROP TABLE "users";
-- reverse: create index "job_subject_id_kind_part" to table: "jobs"
DROP INDEX "job_subject_id_kind_part";
-- reverse: create index "job_state_lease_until" to table: "jobs"
DROP INDEX "job_state_lease_until";
-- reverse: create index "job_state_due_at" to table: "jobs"
DROP INDEX "job_state_due_at";
-- reverse: create index "job_organization_id_id" to table: "jobs"
DROP INDEX "job_organization_id_id";
-- reverse: create "jobs" table
DROP TABLE "jobs";
-- reverse: create index "fileversion_organization_id_id" to table: "file_versions"
DROP INDEX "fileversion_organization_id_id";
-- reverse: create index "fileversion_file_id_number" to table: "file_versions"
DROP INDEX "fileversion_file_id_number";
-- reverse: create "file_versions" table
DROP TABLE "file_versions";
-- reverse: create index "syncrun_sync_id_id" to table: "sync_runs"
DROP INDEX "syncrun_sync_id_id";
-- reverse: create index "syncrun_organization_id_state" to table: "sync_runs"
DROP INDEX "syncrun_organization_id_state";
-- reverse: create index "syncrun_organization_id_id" to table: "sync_runs"
DROP INDEX "syncrun_organization_id_id";
-- reverse: create "sync_runs" table
DROP TABLE "sync_runs";
-- reverse: create index "file_wedding_id_id" to table: "files"
DROP INDEX "file_wedding_id_id";
-- reverse: create index "file_sync_id_path" to table: "files"
DROP INDEX "file_sync_id_path";
-- reverse: create index "file_organization_id_id" to table: "files"
DROP INDEX "file_organization_id_id";
-- reverse: create "files" table
DROP TABLE "files";
-- reverse: create index "event_organization_id_wedding_id_seq" to table: "events"
DROP INDEX "event_organization_id_wedding_id_seq";
-- reverse: create index "event_organization_id_seq" to table: "events"
DROP INDEX "event_organization_id_seq";
-- reverse: create index "event_organization_id_id" to table: "events"
DROP INDEX "event_organization_id_id";
-- reverse: create "events" table
DROP TABLE "events";
-- reverse: create index "conflict_sync_id_target_id_path" to table: "conflicts"
DROP INDEX "conflict_sync_id_target_id_path";
-- reverse: create index "conflict_organization_id_state_id" to table: "conflicts"
DROP INDEX "conflict_organization_id_state_id";
-- reverse: create index "conflict_organization_id_id" to table: "conflicts"
DROP INDEX "conflict_organization_id_id";
-- reverse: create "conflicts" table
DROP TABLE "conflicts";
-- reverse: create index "synctarget_sync_id_position" to table: "sync_targets"
DROP INDEX "synctarget_sync_id_position";
-- reverse: create index "synctarget_organization_id_id" to table: "sync_targets"
DROP INDEX "synctarget_organization_id_id";
-- reverse: create index "synctarget_connection_id" to table: "sync_targets"
DROP INDEX "synctarget_connection_id";
-- reverse: create "sync_targets" table
DROP TABLE "sync_targets";
-- reverse: create index "filesync_wedding_id" to table: "syncs"
DROP INDEX "filesync_wedding_id";
-- reverse: create index "filesync_source_id" to table: "syncs"
DROP INDEX "filesync_source_id";
-- reverse: create index "filesync_organization_id_id" to table: "syncs"
DROP INDEX "filesync_organization_id_id";
-- reverse: create "syncs" table
DROP TABLE "syncs";
-- reverse: create index "wedding_organization_id_id" to table: "weddings"
DROP INDEX "wedding_organization_id_id";
-- reverse: create "weddings" table
DROP TABLE "weddings";
-- reverse: create index "connection_organization_id_id" to table: "connections"
DROP INDEX "connection_organization_id_id";
-- reverse: create "connections" table
DROP TABLE "connections";
-- reverse: create index "auditentry_organization_id_subject_id_id" to table: "audit_entries"
DROP INDEX "auditentry_organization_id_subject_id_id";
-- reverse: create index "auditentry_organization_id_id" to table: "audit_entries"
DROP INDEX "auditentry_organization_id_id";
-- reverse: create "audit_entries" table
DROP TABLE "audit_entries";
-- reverse: create "organizations" table
DROP TABLE "organizations";
