import type { Right } from "../../api/shapes";

/** Rights that break-glass can give; the hub refuses others. */
export const BREAKABLE: Right[] = ["view_inventory", "view_findings", "work_findings", "edit_records", "merge_devices", "onboard", "feed", "search_history"];
