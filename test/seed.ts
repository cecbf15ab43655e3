/** Property tests try the same cases every time, so that what passed once passes again; another seed tries others. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["CAMBIUM_TEST_SEED"] ?? 1) });
