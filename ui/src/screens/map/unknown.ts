/** The address of the group whose name is not known; an empty one would be lost from a link. */
export const UNKNOWN = "unknown";
