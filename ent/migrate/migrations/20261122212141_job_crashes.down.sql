-- reverse: modify "jobs" table
ALTER TABLE "jobs" DROP COLUMN "crashes";
