-- modify "requests" table
ALTER TABLE "requests" ADD COLUMN "data" jsonb NULL;
