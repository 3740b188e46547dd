/** The words of the report, as the hub sends them. */
import type { components } from "./generated/report";

type Schemas = components["schemas"];
export type Device = Schemas["Device"];
export type Attribute = Schemas["Attribute"];
export type Alternative = Schemas["Alternative"];
export type Evidence = Schemas["Evidence"];
export type Conversation = Schemas["Conversation"];
export type Finding = Schemas["Finding"];
export type Party = Schemas["Party"];
export type Administration = Schemas["Administration"];
export type Isolation = Schemas["Isolation"];
export type Identifier = Schemas["Identifier"];
export type Service = Schemas["Service"];
export type Severity = Schemas["Severity"];
export type Unseen = Schemas["Unseen"];
