-- reverse: modify "transfers" table
ALTER TABLE "transfers" DROP COLUMN "conflict";
