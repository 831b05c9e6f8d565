-- modify "transfers" table
ALTER TABLE "transfers" ADD COLUMN "conflict" character varying NOT NULL DEFAULT '';
