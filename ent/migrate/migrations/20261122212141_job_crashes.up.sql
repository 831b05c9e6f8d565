-- modify "jobs" table
ALTER TABLE "jobs" ADD COLUMN "crashes" bigint NOT NULL DEFAULT 0;
