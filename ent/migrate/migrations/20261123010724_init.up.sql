-- create "organizations" table
CREATE TABLE "organizations" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "name" character varying NOT NULL, "event_seq" bigint NOT NULL DEFAULT 0, PRIMARY KEY ("id"));
-- create "audit_entries" table
CREATE TABLE "audit_entries" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "actor" character varying NOT NULL, "via" character varying NOT NULL DEFAULT '', "action" character varying NOT NULL, "subject_id" character varying NOT NULL, "data" jsonb NULL, "organization_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "audit_entries_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "auditentry_organization_id_id" to table: "audit_entries"
CREATE INDEX "auditentry_organization_id_id" ON "audit_entries" ("organization_id", "id");
-- create index "auditentry_organization_id_subject_id_id" to table: "audit_entries"
CREATE INDEX "auditentry_organization_id_subject_id_id" ON "audit_entries" ("organization_id", "subject_id", "id");
-- create "connections" table
CREATE TABLE "connections" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "provider" character varying NOT NULL, "name" character varying NOT NULL, "settings" jsonb NOT NULL, "secrets" bytea NULL, "base_url" character varying NULL, "state" character varying NOT NULL DEFAULT 'ACTIVE', "state_reason" character varying NOT NULL DEFAULT '', "tested_at" timestamptz NULL, "organization_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "connections_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "connection_organization_id_id" to table: "connections"
CREATE INDEX "connection_organization_id_id" ON "connections" ("organization_id", "id");
-- create "weddings" table
CREATE TABLE "weddings" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "name" character varying NOT NULL, "date" character varying NOT NULL, "time_zone" character varying NOT NULL, "region" character varying NOT NULL DEFAULT '', "archived_at" timestamptz NULL, "organization_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "weddings_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "wedding_organization_id_id" to table: "weddings"
CREATE INDEX "wedding_organization_id_id" ON "weddings" ("organization_id", "id");
-- create "syncs" table
CREATE TABLE "syncs" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "source_path" character varying NOT NULL DEFAULT '', "name" character varying NOT NULL, "mode" character varying NOT NULL DEFAULT 'MANUAL', "include" jsonb NULL, "exclude" jsonb NULL, "verification" character varying NOT NULL DEFAULT 'HASH', "conflict_strategy" character varying NOT NULL DEFAULT 'MANUAL', "delete_mode" character varying NOT NULL DEFAULT 'NONE', "max_delete_percent" bigint NOT NULL DEFAULT 25, "allow_empty_source" boolean NOT NULL DEFAULT false, "priority" character varying NOT NULL DEFAULT 'NORMAL', "archived_at" timestamptz NULL, "organization_id" character varying NOT NULL, "wedding_id" character varying NOT NULL, "source_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "syncs_connections_source" FOREIGN KEY ("source_id") REFERENCES "connections" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "syncs_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "syncs_weddings_wedding" FOREIGN KEY ("wedding_id") REFERENCES "weddings" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "filesync_organization_id_id" to table: "syncs"
CREATE INDEX "filesync_organization_id_id" ON "syncs" ("organization_id", "id");
-- create index "filesync_source_id" to table: "syncs"
CREATE INDEX "filesync_source_id" ON "syncs" ("source_id");
-- create index "filesync_wedding_id" to table: "syncs"
CREATE INDEX "filesync_wedding_id" ON "syncs" ("wedding_id");
-- create "sync_targets" table
CREATE TABLE "sync_targets" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "path" character varying NOT NULL DEFAULT '', "position" bigint NOT NULL, "removed_at" timestamptz NULL, "sync_id" character varying NOT NULL, "organization_id" character varying NOT NULL, "connection_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "sync_targets_connections_connection" FOREIGN KEY ("connection_id") REFERENCES "connections" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "sync_targets_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "sync_targets_syncs_targets" FOREIGN KEY ("sync_id") REFERENCES "syncs" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "synctarget_connection_id" to table: "sync_targets"
CREATE INDEX "synctarget_connection_id" ON "sync_targets" ("connection_id");
-- create index "synctarget_organization_id_id" to table: "sync_targets"
CREATE INDEX "synctarget_organization_id_id" ON "sync_targets" ("organization_id", "id");
-- create index "synctarget_sync_id_position" to table: "sync_targets"
CREATE INDEX "synctarget_sync_id_position" ON "sync_targets" ("sync_id", "position");
-- create "conflicts" table
CREATE TABLE "conflicts" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "run_id" character varying NOT NULL, "path" character varying NOT NULL, "kind" character varying NOT NULL, "source" jsonb NOT NULL, "target" jsonb NOT NULL, "state" character varying NOT NULL DEFAULT 'OPEN', "resolution" character varying NULL, "resolved_by" character varying NOT NULL DEFAULT '', "retained_path" character varying NOT NULL DEFAULT '', "resolved_at" timestamptz NULL, "organization_id" character varying NOT NULL, "wedding_id" character varying NOT NULL, "sync_id" character varying NOT NULL, "target_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "conflicts_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "conflicts_sync_targets_target_store" FOREIGN KEY ("target_id") REFERENCES "sync_targets" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "conflicts_syncs_sync" FOREIGN KEY ("sync_id") REFERENCES "syncs" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "conflicts_weddings_wedding" FOREIGN KEY ("wedding_id") REFERENCES "weddings" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "conflict_organization_id_id" to table: "conflicts"
CREATE INDEX "conflict_organization_id_id" ON "conflicts" ("organization_id", "id");
-- create index "conflict_organization_id_state_id" to table: "conflicts"
CREATE INDEX "conflict_organization_id_state_id" ON "conflicts" ("organization_id", "state", "id");
-- create index "conflict_sync_id_target_id_path" to table: "conflicts"
CREATE INDEX "conflict_sync_id_target_id_path" ON "conflicts" ("sync_id", "target_id", "path");
-- create "events" table
CREATE TABLE "events" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "seq" bigint NOT NULL, "type" character varying NOT NULL, "subject_id" character varying NOT NULL, "wedding_id" character varying NOT NULL DEFAULT '', "actor" character varying NOT NULL, "data" jsonb NULL, "organization_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "events_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "event_organization_id_id" to table: "events"
CREATE INDEX "event_organization_id_id" ON "events" ("organization_id", "id");
-- create index "event_organization_id_seq" to table: "events"
CREATE UNIQUE INDEX "event_organization_id_seq" ON "events" ("organization_id", "seq");
-- create index "event_organization_id_wedding_id_seq" to table: "events"
CREATE INDEX "event_organization_id_wedding_id_seq" ON "events" ("organization_id", "wedding_id", "seq");
-- create "files" table
CREATE TABLE "files" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "path" character varying NOT NULL, "size" bigint NOT NULL, "mod_time" timestamptz NULL, "sha256" character varying NOT NULL DEFAULT '', "revision" character varying NOT NULL DEFAULT '', "version" bigint NOT NULL DEFAULT 1, "deleted_at" timestamptz NULL, "organization_id" character varying NOT NULL, "wedding_id" character varying NOT NULL, "sync_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "files_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "files_syncs_sync" FOREIGN KEY ("sync_id") REFERENCES "syncs" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "files_weddings_wedding" FOREIGN KEY ("wedding_id") REFERENCES "weddings" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "file_organization_id_id" to table: "files"
CREATE INDEX "file_organization_id_id" ON "files" ("organization_id", "id");
-- create index "file_sync_id_path" to table: "files"
CREATE UNIQUE INDEX "file_sync_id_path" ON "files" ("sync_id", "path");
-- create index "file_wedding_id_id" to table: "files"
CREATE INDEX "file_wedding_id_id" ON "files" ("wedding_id", "id");
-- create "sync_runs" table
CREATE TABLE "sync_runs" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "state" character varying NOT NULL DEFAULT 'PLANNING', "reason" character varying NOT NULL DEFAULT '', "trigger" character varying NOT NULL, "conflict_id" character varying NULL, "autostart" boolean NOT NULL DEFAULT false, "digest" character varying NOT NULL DEFAULT '', "totals" jsonb NULL, "report" jsonb NULL, "operations" bigint NOT NULL DEFAULT 0, "operations_done" bigint NOT NULL DEFAULT 0, "operations_failed" bigint NOT NULL DEFAULT 0, "bytes_total" bigint NOT NULL DEFAULT 0, "bytes_done" bigint NOT NULL DEFAULT 0, "requested_by" character varying NOT NULL DEFAULT '', "shards" bigint NOT NULL DEFAULT 0, "planned_at" timestamptz NULL, "started_at" timestamptz NULL, "finished_at" timestamptz NULL, "organization_id" character varying NOT NULL, "sync_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "sync_runs_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "sync_runs_syncs_sync" FOREIGN KEY ("sync_id") REFERENCES "syncs" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "syncrun_organization_id_id" to table: "sync_runs"
CREATE INDEX "syncrun_organization_id_id" ON "sync_runs" ("organization_id", "id");
-- create index "syncrun_organization_id_state" to table: "sync_runs"
CREATE INDEX "syncrun_organization_id_state" ON "sync_runs" ("organization_id", "state");
-- create index "syncrun_sync_id_id" to table: "sync_runs"
CREATE INDEX "syncrun_sync_id_id" ON "sync_runs" ("sync_id", "id");
-- create "file_versions" table
CREATE TABLE "file_versions" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "number" bigint NOT NULL, "path" character varying NOT NULL, "size" bigint NOT NULL, "mod_time" timestamptz NULL, "sha256" character varying NOT NULL, "file_id" character varying NOT NULL, "organization_id" character varying NOT NULL, "run_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "file_versions_files_versions" FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "file_versions_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "file_versions_sync_runs_run" FOREIGN KEY ("run_id") REFERENCES "sync_runs" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "fileversion_file_id_number" to table: "file_versions"
CREATE UNIQUE INDEX "fileversion_file_id_number" ON "file_versions" ("file_id", "number");
-- create index "fileversion_organization_id_id" to table: "file_versions"
CREATE INDEX "fileversion_organization_id_id" ON "file_versions" ("organization_id", "id");
-- create "jobs" table
CREATE TABLE "jobs" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "kind" character varying NOT NULL, "subject_id" character varying NOT NULL, "part" bigint NOT NULL DEFAULT 0, "priority" character varying NOT NULL DEFAULT 'NORMAL', "state" character varying NOT NULL DEFAULT 'READY', "due_at" timestamptz NOT NULL, "lease_until" timestamptz NULL, "claimed_by" character varying NOT NULL DEFAULT '', "epoch" bigint NOT NULL DEFAULT 0, "attempts" bigint NOT NULL DEFAULT 0, "max_attempts" bigint NOT NULL DEFAULT 10, "crashes" bigint NOT NULL DEFAULT 0, "last_error" character varying NOT NULL DEFAULT '', "organization_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "jobs_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "job_organization_id_id" to table: "jobs"
CREATE INDEX "job_organization_id_id" ON "jobs" ("organization_id", "id");
-- create index "job_state_due_at" to table: "jobs"
CREATE INDEX "job_state_due_at" ON "jobs" ("state", "due_at");
-- create index "job_state_lease_until" to table: "jobs"
CREATE INDEX "job_state_lease_until" ON "jobs" ("state", "lease_until");
-- create index "job_subject_id_kind_part" to table: "jobs"
CREATE INDEX "job_subject_id_kind_part" ON "jobs" ("subject_id", "kind", "part");
-- create "users" table
CREATE TABLE "users" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "email" character varying NOT NULL, "name" character varying NOT NULL DEFAULT '', "issuer" character varying NULL, "subject" character varying NULL, PRIMARY KEY ("id"));
-- create index "user_issuer_subject" to table: "users"
CREATE UNIQUE INDEX "user_issuer_subject" ON "users" ("issuer", "subject") WHERE (subject IS NOT NULL);
-- create index "users_email_key" to table: "users"
CREATE UNIQUE INDEX "users_email_key" ON "users" ("email");
-- create "memberships" table
CREATE TABLE "memberships" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "role" character varying NOT NULL, "organization_id" character varying NOT NULL, "user_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "memberships_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "memberships_users_memberships" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "membership_organization_id_id" to table: "memberships"
CREATE INDEX "membership_organization_id_id" ON "memberships" ("organization_id", "id");
-- create index "membership_organization_id_user_id" to table: "memberships"
CREATE UNIQUE INDEX "membership_organization_id_user_id" ON "memberships" ("organization_id", "user_id");
-- create "replicas" table
CREATE TABLE "replicas" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "path" character varying NOT NULL, "size" bigint NOT NULL, "sha256" character varying NOT NULL, "source_revision" character varying NOT NULL, "revision" character varying NOT NULL, "version" character varying NOT NULL DEFAULT '', "verified" character varying NOT NULL, "verified_at" timestamptz NULL, "file_id" character varying NOT NULL, "organization_id" character varying NOT NULL, "target_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "replicas_files_replicas" FOREIGN KEY ("file_id") REFERENCES "files" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "replicas_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "replicas_sync_targets_target" FOREIGN KEY ("target_id") REFERENCES "sync_targets" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "replica_file_id" to table: "replicas"
CREATE INDEX "replica_file_id" ON "replicas" ("file_id");
-- create index "replica_organization_id_id" to table: "replicas"
CREATE INDEX "replica_organization_id_id" ON "replicas" ("organization_id", "id");
-- create index "replica_target_id_file_id" to table: "replicas"
CREATE UNIQUE INDEX "replica_target_id_file_id" ON "replicas" ("target_id", "file_id");
-- create "requests" table
CREATE TABLE "requests" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "operation" character varying NOT NULL, "key" character varying NOT NULL, "input_hash" bytea NOT NULL, "result_id" character varying NOT NULL, "data" jsonb NULL, "organization_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "requests_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "request_created_at" to table: "requests"
CREATE INDEX "request_created_at" ON "requests" ("created_at");
-- create index "request_organization_id_id" to table: "requests"
CREATE INDEX "request_organization_id_id" ON "requests" ("organization_id", "id");
-- create index "request_organization_id_operation_key" to table: "requests"
CREATE UNIQUE INDEX "request_organization_id_operation_key" ON "requests" ("organization_id", "operation", "key");
-- create "sessions" table
CREATE TABLE "sessions" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "kind" character varying NOT NULL, "hash" bytea NOT NULL, "expires_at" timestamptz NOT NULL, "ended_at" timestamptz NULL, "organization_id" character varying NOT NULL, "user_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "sessions_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "sessions_users_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "session_expires_at" to table: "sessions"
CREATE INDEX "session_expires_at" ON "sessions" ("expires_at");
-- create index "session_organization_id_id" to table: "sessions"
CREATE INDEX "session_organization_id_id" ON "sessions" ("organization_id", "id");
-- create index "sessions_hash_key" to table: "sessions"
CREATE UNIQUE INDEX "sessions_hash_key" ON "sessions" ("hash");
-- create "tokens" table
CREATE TABLE "tokens" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "name" character varying NOT NULL, "role" character varying NOT NULL, "hash" bytea NOT NULL, "expires_at" timestamptz NULL, "last_used_at" timestamptz NULL, "revoked_at" timestamptz NULL, "organization_id" character varying NOT NULL, "user_id" character varying NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "tokens_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "tokens_users_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION);
-- create index "token_organization_id_id" to table: "tokens"
CREATE INDEX "token_organization_id_id" ON "tokens" ("organization_id", "id");
-- create index "tokens_hash_key" to table: "tokens"
CREATE UNIQUE INDEX "tokens_hash_key" ON "tokens" ("hash");
-- create "transfers" table
CREATE TABLE "transfers" ("id" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "shard" bigint NOT NULL DEFAULT 0, "kind" character varying NOT NULL, "path" character varying NOT NULL, "from_path" character varying NULL, "state" character varying NOT NULL DEFAULT 'PLANNED', "reason" character varying NOT NULL DEFAULT '', "error_kind" character varying NOT NULL DEFAULT '', "expect" jsonb NOT NULL, "retain" boolean NOT NULL DEFAULT false, "conflict" character varying NOT NULL DEFAULT '', "retained_path" character varying NULL, "bytes" bigint NOT NULL DEFAULT 0, "moved" bigint NOT NULL DEFAULT 0, "attempts" bigint NOT NULL DEFAULT 0, "checkpoint" bytea NULL, "sha256" character varying NOT NULL DEFAULT '', "verified" character varying NOT NULL DEFAULT 'NONE', "started_at" timestamptz NULL, "finished_at" timestamptz NULL, "organization_id" character varying NOT NULL, "run_id" character varying NOT NULL, "target_id" character varying NULL, PRIMARY KEY ("id"), CONSTRAINT "transfers_organizations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "transfers_sync_runs_run" FOREIGN KEY ("run_id") REFERENCES "sync_runs" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT "transfers_sync_targets_target" FOREIGN KEY ("target_id") REFERENCES "sync_targets" ("id") ON UPDATE NO ACTION ON DELETE SET NULL);
-- create index "transfer_organization_id_id" to table: "transfers"
CREATE INDEX "transfer_organization_id_id" ON "transfers" ("organization_id", "id");
-- create index "transfer_run_id_id" to table: "transfers"
CREATE INDEX "transfer_run_id_id" ON "transfers" ("run_id", "id");
-- create index "transfer_run_id_shard_id" to table: "transfers"
CREATE INDEX "transfer_run_id_shard_id" ON "transfers" ("run_id", "shard", "id");
-- create index "transfer_run_id_state" to table: "transfers"
CREATE INDEX "transfer_run_id_state" ON "transfers" ("run_id", "state");
