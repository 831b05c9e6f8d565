-- reverse: modify "requests" table
ALTER TABLE "requests" DROP COLUMN "data";
