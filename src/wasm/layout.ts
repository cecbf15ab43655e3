/** The byte layouts that core and host share, for the rooms above this one. */
// biome-ignore lint/performance/noReExportAll: every constant, and none written twice
export * from "../../assembly/layout.ts";
