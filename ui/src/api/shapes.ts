/** Names for the shapes of the hub's OpenAPI document that the screens share. */
import type { components } from "./generated/hub";

type Schemas = components["schemas"];
export type Session = Schemas["Session"];
export type Site = Schemas["SeenSite"];
export type Setup = Schemas["SetupState"];
export type Right = Schemas["Right"];
export type Home = Schemas["Home"];
export type FourthAnswer = Schemas["FourthAnswer"];
export type DevicePage = Schemas["DevicePage"];
export type DeviceLine = Schemas["DeviceLine"];
export type FacetValue = Schemas["FacetValue"];
export type DeviceDetail = Schemas["DeviceDetail"];
export type ConversationPage = Schemas["ConversationPage"];
export type FindingPage = Schemas["FindingPage"];
export type WorkedFinding = Schemas["WorkedFinding"];
export type MapAnswer = Schemas["Map"];
export type Capture = Schemas["Capture"];
export type Sensor = Schemas["Sensor"];
