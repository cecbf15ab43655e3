/** The byte layouts that core and host share, for the rooms above this one. */
export * from "../../assembly/layout.ts";
