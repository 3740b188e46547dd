import { expect, type Page, test } from "@playwright/test";
import { type Hub, run, startHub, work } from "./hub";
import { inspect, watch } from "./screens";

const LOGIN = "ada";
const PASSWORD = "a field of seven quiet windmills";

test.describe.configure({ mode: "serial" });

let hub: Hub;
let page: Page;
let wrong: string[];

test.beforeAll(async ({ browser }) => {
  hub = await startHub();
  const context = await browser.newContext({ baseURL: hub.url, viewport: { width: 1360, height: 850 }, locale: "en-GB", timezoneId: "Asia/Tokyo" });
  page = await context.newPage();
  wrong = watch(page, hub.url);
});

test.afterAll(async () => {
  await page?.context().close();
  await hub?.stop();
});

test.afterEach(() => expect(wrong.splice(0)).toEqual([]));

const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name });

test("first run: an account, the site, a capture dropped on the page", async () => {
  await page.goto("/devices");
  await expect(heading("Set up Medwarden")).toBeVisible();
  await inspect(page, "first-run-you");
  await page.getByLabel("Your name").fill("Ada Example");
  await page.getByLabel("Account").fill(LOGIN);
  await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByLabel("Name of the site").fill("St. Example Clinic");
  await page.getByLabel("Time zone").selectOption("Europe/Berlin");
  const networks = page.getByLabel("Networks of the site");
  await expect(networks).toHaveValue(/10\.0\.0\.0\/8/);
  await networks.fill("10.20.0.0/16 nonsense");
  await expect(page.getByText("Not a network: nonsense")).toBeVisible();
  await expect(page.getByRole("button", { name: "Create" })).toBeDisabled();
  await networks.fill("10.20.0.0/16");
  await inspect(page, "first-run-site");
  await page.getByRole("button", { name: "Create" }).click();

  await page.getByTestId("file").setInputFiles(`${work}/clinic.pcap`);
  await expect(page.getByText(/clinic\.pcap was read: [\d,]+ frames/)).toBeVisible({ timeout: 45_000 });
  await inspect(page, "first-run-capture");
  await page.getByRole("button", { name: "See what was found" }).click();
  // The address that was opened is where one arrives.
  await expect(heading("Devices")).toBeVisible();
});

test("home: the four answers, how sure they are, what is missing", async () => {
  await page.getByRole("link", { name: "Home" }).click();
  await expect(heading("St. Example Clinic")).toBeVisible();
  const devices = page.getByRole("region", { name: "What devices are connected?" });
  await expect(devices.getByText("devices seen")).toBeVisible({ timeout: 30_000 });
  await expect(devices.getByText(/\d+ %/)).toBeVisible();
  await expect(page.getByRole("region", { name: "What do they talk to?" }).getByText("What is missing")).toBeVisible();
  await expect(page.getByText(/Last thing seen: 2 Mar 2026 08:\d\d CET/)).toBeVisible();
  await expect(page.getByRole("region", { name: "What needs you today" }).getByRole("link").first()).toBeVisible();
  await inspect(page, "home");
});

test("devices: found by search and by facets, and by keyboard", async () => {
  await page.goto("/devices");
  await expect(page.getByText("60 devices")).toBeVisible();
  await inspect(page, "devices");
  await page.getByLabel("Infusion pump", { exact: false }).check();
  await expect(page).toHaveURL(/class=infusion_pump/);
  await expect(page.getByText(/5 devices match/)).toBeVisible();
  await page.goto("/devices?q=PLUM");
  const first = page.locator("tr[data-row='0']");
  await expect(first).toContainText("PLUM");
  await first.focus();
  await page.keyboard.press("ArrowDown");
  await expect(page.locator("tr[data-row='1']")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(heading(/PLUM/)).toBeVisible();
});

test("device: who it is with its evidence, who it talks to, what isolating it stops", async () => {
  await expect(page.getByText("Life-sustaining").first()).toBeVisible();
  await page.getByRole("button", { name: /of evidence for Maker/ }).click();
  await expect(page.getByText("MAC address block").locator("visible=true")).toBeVisible();
  await expect(page.getByRole("region", { name: "Conversations" }).getByRole("row")).not.toHaveCount(1);
  await expect(page.getByText("The pump goes on with its running infusion").first()).toBeVisible();
  await inspect(page, "device");
  await page.getByRole("link", { name: "If we isolate it" }).click();
  await expect(page).toHaveURL(/part=isolate/);
  await page.reload();
  await expect(page.getByRole("heading", { name: "If we isolate it" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Who it talks to" })).toBeHidden();
});

test("record: what nobody said is unknown, and the owner is set", async () => {
  await page.goto("/devices?q=PLUM");
  await page.locator("tr[data-row='0']").getByRole("link").click();
  const record = page.getByRole("region", { name: "Record" });
  await expect(record.getByText("Unknown").first()).toBeVisible();
  await record.getByRole("button", { name: "Edit the record" }).click();
  await inspect(page, "device-record-edit");
  await record.getByLabel("Clinical engineering").fill("Kim Example");
  await record.getByLabel("Unit").fill("ICU");
  await record.getByLabel("Asset tag").fill("MED-1");
  await record.getByLabel("Whom to call at night").fill("+49 30 901820");
  await record.getByLabel("Life cycle").selectOption("in_service");
  await record.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await page.getByTestId("attachment").setInputFiles({ name: "mds2.txt", mimeType: "text/plain", buffer: Buffer.from("a form") });
  await expect(record.getByRole("link", { name: "mds2.txt" })).toBeVisible();
  await page.reload();
  await expect(record.getByText("Kim Example")).toBeVisible();
  await expect(record.getByText("In service")).toBeVisible();
  await expect(record.getByText("Unknown").first()).toBeVisible();
  await inspect(page, "device-record");
});

test("checklist: an item is done by a person, and traffic says what it can", async () => {
  await page.getByRole("link", { name: "Secure configuration" }).click();
  await expect(page).toHaveURL(/part=checklist/);
  const item = page.getByRole("listitem").filter({ hasText: "Its configuration is kept elsewhere." });
  await item.locator("summary").click();
  await item.getByLabel("Note").fill("on the share of clinical engineering");
  await item.getByRole("button", { name: "It is done" }).click();
  await expect(item.getByText("Done", { exact: true })).toBeVisible();
  await expect(item.getByText(/Ada Example, .*: on the share/)).toBeVisible();
  await inspect(page, "device-checklist");
});

test("devices: many changed at once, listed by what people say, a view saved, and exported", async () => {
  await page.goto("/devices?class=infusion_pump");
  await page.getByLabel("Choose all that are loaded").check();
  const bulk = page.getByRole("form", { name: "Change the chosen devices" });
  await bulk.getByLabel("Field").selectOption("it_owner");
  await bulk.getByLabel("Value").fill("Lee Example");
  await inspect(page, "devices-bulk");
  await bulk.getByRole("button", { name: "Set for 5 devices" }).click();
  await expect(page.getByText("5 records changed.")).toBeVisible();
  await page.goto("/devices");
  await page.getByLabel(/^Lee Example/).check();
  await expect(page.getByText("5 devices match")).toBeVisible();
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("menuitem", { name: "Save this view…" }).click();
  await page.getByLabel("Name of the view").fill("With Lee");
  await page.getByRole("button", { name: "Save the view" }).click();
  await expect(page.getByText("The view was saved.")).toBeVisible();
  await page.goto("/devices");
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("menuitem", { name: "With Lee", exact: true }).click();
  await expect(page).toHaveURL(/owner=Lee/);
  await page.getByRole("button", { name: "Export" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "CSV" }).click();
  expect((await download).suggestedFilename()).toBe("devices.csv");
});

test("import: mapped, run dry, a conflict decided, applied, and undone whole", async () => {
  await page.getByRole("link", { name: "Import" }).click();
  await expect(page.getByText("Nothing was imported yet")).toBeVisible();
  await inspect(page, "imports");
  const table = "Inventory number,Department,Whom\nMED-1,ER,Bo Example\nMED-2,OR,Cy Example\nMED-3,,\n";
  await page.getByTestId("file").setInputFiles({ name: "cmms.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
  await expect(heading("Import: cmms.csv")).toBeVisible();
  // Two headings are known; the third is mapped by hand.
  await expect(page.getByLabel("Field of Department")).toHaveValue("unit");
  await page.getByLabel("Field of Whom").selectOption("it_owner");
  const plan = page.getByRole("region", { name: "What it would change", exact: true }).last();
  await expect(plan.getByText("Unit: the record says “ICU”, the table “ER”")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Apply/ })).toBeDisabled();
  await inspect(page, "import-conflict");
  await page.getByRole("group", { name: "Decision for row 1" }).getByRole("button", { name: "Record counts" }).click();
  await page.getByRole("button", { name: /^Apply: 2 new/ }).click();
  await expect(page.getByRole("heading", { name: "It was applied" })).toBeVisible();
  await page.getByRole("button", { name: "Undo the whole import" }).click();
  await page.getByRole("button", { name: "Undo it now" }).click();
  await expect(page.getByText(/2 records taken away/)).toBeVisible();
  await inspect(page, "import-undone");
});

test("onboarding: filed, not approved by who filed it, and withdrawn", async () => {
  await page.getByRole("link", { name: "Onboarding" }).click();
  await expect(page.getByText("No papers")).toBeVisible();
  await page.getByLabel("Maker").fill("Example Medical");
  await page.getByLabel("Model").fill("Pump 9");
  await page.getByLabel("Serial number").fill("S-0042");
  await page.getByLabel("Unit").fill("ICU");
  await page.getByLabel("What it needs of the network").fill("HL7 to the gateway");
  await inspect(page, "onboarding-list");
  await page.getByRole("button", { name: "File it" }).click();
  await expect(heading("Example Medical Pump 9")).toBeVisible();
  // An administrator may approve, but not what was filed by the same person.
  await expect(page.getByText(/The next step is signed by somebody else/)).toBeVisible();
  await expect(page.getByRole("button", { name: /^Sign/ })).toHaveCount(0);
  await inspect(page, "onboarding");
  const refused = await page.evaluate(async () => {
    const session = await (await fetch("/api/session")).json();
    const id = location.pathname.split("/").at(-1);
    const send = (step: string) => fetch(`/api/onboarding/${id}/steps/${step}`, { method: "POST", headers: { "Content-Type": "application/json", "If-Match": "\"1\"", "X-Medwarden-CSRF": session.csrf }, body: "{}" }).then((answer) => answer.status);
    return [await send("approve"), await send("check")];
  });
  expect(refused, "the hub refuses too: not by the same person, and not by a role that may not").toEqual([409, 403]);
  await page.getByRole("button", { name: "Withdraw", exact: true }).click();
  await page.getByRole("button", { name: "Withdraw the papers now" }).click();
  await expect(page.getByText("Withdrawn").first()).toBeVisible();
});

test("a role that may not: a clinical lead reads the record, changes none of it, and approves what was filed", async ({ browser }) => {
  await page.goto("/onboarding");
  await page.getByLabel("Model").fill("Pump 10");
  await page.getByRole("button", { name: "File it" }).click();
  await expect(heading("Pump 10")).toBeVisible();
  const papers = page.url();
  const code = await page.evaluate(async () => {
    const session = await (await fetch("/api/session")).json();
    const [tenant] = await (await fetch("/api/tenants")).json();
    const send = (path: string, body: object) => fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-Medwarden-CSRF": session.csrf }, body: JSON.stringify(body) });
    const invited = await (await send("/api/people", { login: "gil", name: "Gil Example", tenant: tenant.id })).json();
    const given = await send(`/api/people/${invited.person}/roles`, { role: "clinical_lead", tenant: tenant.id });
    return given.status === 204 ? (invited.code as string) : `refused: ${given.status}`;
  });
  const context = await browser.newContext({ baseURL: hub.url, viewport: { width: 1360, height: 850 }, locale: "en-GB", timezoneId: "Asia/Tokyo" });
  const lead = await context.newPage();
  const odd = watch(lead, hub.url);
  const accepted = await context.request.post("/api/session/invitation", { data: { code, password: "nine slow ferries cross at noon" } });
  expect(accepted.status()).toBe(204);
  await lead.goto("/devices?q=PLUM");
  await expect(lead.getByLabel("Choose all that are loaded")).toHaveCount(0);
  await expect(lead.getByRole("button", { name: "Export" })).toHaveCount(0);
  await lead.locator("tr[data-row='0']").getByRole("link").click();
  const record = lead.getByRole("region", { name: "Record" });
  await expect(record.getByText("Kim Example")).toBeVisible();
  await expect(record.getByRole("button", { name: "Edit the record" })).toHaveCount(0);
  await lead.goto("/imports");
  await expect(lead.getByText("Your role does not import records.")).toBeVisible();
  await inspect(lead, "imports-refused");
  await lead.goto(papers);
  await lead.getByLabel("Note").fill("for bed 4");
  await lead.getByRole("button", { name: "Sign: It may come." }).click();
  await expect(lead.getByText("Signed.")).toBeVisible();
  await expect(lead.getByText(/Gil Example, .*: for bed 4/)).toBeVisible();
  expect(odd).toEqual([]);
  await context.close();
  await expect(page.getByText(/Gil Example, .*: for bed 4/), "told to the page that is open elsewhere").toBeVisible();
});

test("map: groups open and close, and everything stands in tables too", async () => {
  await page.getByRole("link", { name: "Map" }).click();
  await expect(page.getByRole("img", { name: /Drawing of \d+ groups/ })).toBeVisible();
  await inspect(page, "map");
  await page.getByLabel("Open group").selectOption("infusion_pump");
  await expect(page).toHaveURL(/group=infusion_pump/);
  await expect(page.getByRole("region", { name: "Who talks to whom" }).getByText(/PLUM/).first()).toBeVisible();
  await inspect(page, "map-open");
});

test("findings: gravest first, with evidence, taken up by a person", async () => {
  await page.goto("/findings");
  const row = page.locator("tr[data-row='0']");
  await expect(row).toBeVisible();
  await inspect(page, "findings");
  await row.getByRole("link").click();
  await expect(page.getByRole("heading", { name: "Evidence" })).toBeVisible();
  await inspect(page, "finding");
  await page.getByLabel("State").selectOption("working");
  await page.getByLabel("With whom").fill("Bo Example");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("With whom")).toHaveValue("Bo Example");
});

test("what somebody else changes meanwhile takes nothing away that was typed, and is not overwritten unseen", async () => {
  await page.getByLabel("With whom").fill("Di Example");
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByLabel("With whom").fill("Cy Example");
  await other.getByRole("button", { name: "Save" }).click();
  await expect(other.getByText("Saved.")).toBeVisible();
  await other.close();
  const told = page.getByRole("alert").filter({ hasText: "Somebody else changed it in the meantime" });
  await expect(told.getByText("with Cy Example")).toBeVisible();
  await expect(page.getByLabel("With whom")).toHaveValue("Di Example");
  await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();
  await inspect(page, "finding-changed");
  await told.getByRole("button", { name: "Keep what I typed" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("With whom")).toHaveValue("Di Example");
});

test("a save that the hub refuses is told with what to do", async () => {
  await expect(page.getByLabel("With whom")).toHaveValue("Di Example");
  const address = page.url();
  await page.getByLabel("With whom").fill("Ed Example");
  // This page does not learn of the other's change, so it saves the old version.
  await page.route("**/api/findings/**", (route) => (route.request().method() === "GET" ? route.abort() : route.continue()));
  const other = await page.context().newPage();
  await other.goto(address);
  await other.getByLabel("With whom").fill("Fa Example");
  await other.getByRole("button", { name: "Save" }).click();
  await expect(other.getByText("Saved.")).toBeVisible();
  await other.close();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Read it again and repeat the change." })).toBeVisible();
  await page.unroute("**/api/findings/**");
});

test("sensors: one is added, its token shown once, and revoked", async () => {
  await page.getByRole("link", { name: "Sensors" }).click();
  await expect(heading("Sensors")).toBeVisible();
  await expect(page.getByText("No sensor hands in yet")).toBeVisible();
  await page.getByLabel("Where it listens").fill("Ward 3");
  await page.getByRole("button", { name: "Make a token" }).click();
  await expect(page.getByText(/--enrol mw1\.sensor-/)).toBeVisible();
  const ward = page.getByRole("region", { name: "Ward 3" });
  await expect(ward.getByText("Waiting")).toBeVisible();
  await inspect(page, "sensors");
  await ward.getByRole("button", { name: "Revoke" }).click();
  await ward.getByRole("button", { name: "Revoke Ward 3 now" }).click();
  await expect(ward.getByText("Revoked")).toBeVisible();
});

test("settings: somebody is invited, gets a role, and signs in with the code", async ({ browser }) => {
  await page.getByRole("link", { name: "Settings" }).click();
  await expect(heading("Settings")).toBeVisible();
  const add = page.getByRole("region", { name: "Add somebody" });
  await add.getByRole("textbox", { name: "Name", exact: true }).fill("Lee Example");
  await add.getByLabel("Account").fill("lee");
  await add.getByLabel("Role").selectOption("clinical_lead");
  await add.getByRole("button", { name: "Add", exact: true }).click();
  await expect(add.getByText("Code of the invitation")).toBeVisible();
  const code = (await add.locator("pre").textContent()) ?? "";
  const lee = page.getByRole("region", { name: "Lee Example" });
  await expect(lee.getByText(/Clinical lead at every site of/)).toBeVisible();
  await lee.getByText("Give a role").click();
  await lee.getByLabel("Role").selectOption("auditor");
  await lee.getByRole("button", { name: "Give auditor" }).click();
  await expect(lee.getByText(/Auditor at every site of/)).toBeVisible();
  await lee.getByRole("button", { name: /^Take Auditor at/ }).click();
  await expect(lee.getByText(/Auditor at every site of/)).toBeHidden();
  await inspect(page, "settings-people");

  // Who was invited works, and is told what the role does not allow.
  const context = await browser.newContext({ baseURL: hub.url, locale: "en-GB", timezoneId: "Asia/Tokyo" });
  const other = await context.newPage();
  await other.goto("/");
  await other.getByRole("button", { name: /I have a code/ }).click();
  await other.getByRole("textbox", { name: "Code", exact: true }).fill(code);
  await other.getByRole("textbox", { name: "Choose a password" }).fill("short");
  await other.getByRole("button", { name: "Go on" }).click();
  await expect(other.getByRole("alert").filter({ hasText: "password" })).toBeVisible();
  await inspect(other, "sign-in-with-code");
  await other.getByRole("textbox", { name: "Choose a password" }).fill("nine patient geese crossing");
  await other.getByRole("button", { name: "Go on" }).click();
  await expect(other.getByRole("button", { name: "Lee Example" })).toBeVisible();
  await expect(other.getByRole("link", { name: "Settings" })).toBeHidden();
  await other.goto("/settings");
  await expect(other.getByText("Your role sets nothing here")).toBeVisible();

  // Break-glass: rights at once, marked, told to the other page, ended.
  await other.getByRole("link", { name: "Break-glass" }).click();
  await other.getByLabel("Why").fill("The central station of ward 3 shows no pumps.");
  await other.getByLabel("Work findings").check();
  await other.getByRole("button", { name: "Break the glass" }).click();
  await expect(other.getByText("Break-glass is on.")).toBeVisible();
  await inspect(other, "break-glass-running");
  await other.getByRole("button", { name: "End it now" }).click();
  await expect(other.getByText("Break-glass is on.")).toBeHidden();
  await expect(other.getByText("Review it")).toBeHidden();
  await context.close();
});

test("break-glass is reviewed by somebody else; settings of sites, wards and sign-in are kept", async () => {
  await page.getByRole("link", { name: "Break-glass" }).click();
  await page.getByText("Review it").click();
  await page.getByRole("radio", { name: "Yes" }).check();
  await page.getByLabel("What was found").fill("A cable was unplugged; nothing else was touched.");
  await page.getByRole("button", { name: "Close the review" }).click();
  await expect(page.getByText(/proper, by Ada Example/)).toBeVisible();
  await inspect(page, "break-glass");

  await page.goto("/settings?part=sites");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("St. Example Hospital");
  await page.getByRole("button", { name: "Save St. Example Clinic" }).click();
  await expect(page.getByRole("button", { name: "Save St. Example Hospital" })).toBeVisible();
  await inspect(page, "settings-sites");
  await page.getByRole("tab", { name: "Break-glass" }).click();
  await page.getByLabel("Where it will lie").fill("Ward 3, key cabinet");
  await page.getByRole("button", { name: "Make a credential" }).click();
  await expect(page.getByText("Print this, and seal it")).toBeVisible();
  await expect(page.getByRole("button", { name: "Withdraw the one at Ward 3, key cabinet" })).toBeVisible();
  await inspect(page, "settings-wards");
  await page.getByRole("tab", { name: "Sign-in" }).click();
  await page.getByLabel("Address of the hub").fill("https://hub.example/path");
  await page.getByRole("button", { name: "Save sign-in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "address" })).toBeVisible();
  await page.getByLabel("Address of the hub").fill("https://hub.example");
  await page.getByRole("button", { name: "Save sign-in" }).click();
  await expect(page.getByRole("alert")).toBeHidden();
  await inspect(page, "settings-sign-in");
  await page.getByRole("tab", { name: "Retention" }).click();
  await page.getByRole("textbox", { name: "Keep history, days" }).fill("200");
  await page.getByRole("button", { name: "Save retention" }).click();
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Keep history, days" })).toHaveValue("200");
});

test("history: flows are looked for, counted and asked, or the hub says that it keeps none", async () => {
  await page.getByRole("link", { name: "History" }).click();
  await expect(heading("History")).toBeVisible();
  if (process.env.MEDWARDEN_FEATURES?.includes("--no-default-features")) {
    await expect(page.getByRole("alert").filter({ hasText: "this hub keeps no long history" }).first()).toBeVisible();
    await inspect(page, "history-none");
    return;
  }
  await expect(page.getByRole("img", { name: "Flows over time" })).toBeVisible({ timeout: 30_000 });
  await page.getByLabel("Protocol").fill("dicom");
  await page.getByRole("button", { name: "Search" }).click();
  // The chart's legend is a table too.
  const flows = page.getByRole("region", { name: "Flows", exact: true }).locator("tbody tr:not(.u-series)");
  await expect(flows.first()).toContainText("dicom");
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByRole("region", { name: "Answer" }).locator("tbody tr").first()).toBeVisible();
  await inspect(page, "history");
  await page.getByLabel("Statement").fill("DROP TABLE flow");
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByRole("alert").last()).toBeVisible();
  await page.getByLabel("Address or network").fill("nowhere");
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "nowhere" }).first()).toBeVisible();
});

test("ledger: an act is found, proved, and checked without the hub", async () => {
  await page.getByRole("link", { name: "Ledger" }).click();
  await expect(heading("Ledger")).toBeVisible();
  await expect(page.getByText("Without a witness and without a checkpoint kept elsewhere")).toBeVisible();
  await page.getByLabel("What", { exact: true }).selectOption("break-glass.");
  const row = page.locator("tbody tr").filter({ hasText: "break-glass.begin" }).last();
  await expect(row).toContainText("Lee Example");
  await inspect(page, "ledger");
  await row.locator("summary").click();
  const [proof] = await Promise.all([page.waitForEvent("download"), row.getByRole("link", { name: /^Proof of entry/ }).click()]);
  await proof.saveAs(`${work}/entry.proof`);
  const [kept] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Keep this checkpoint" }).click()]);
  await kept.saveAs(`${work}/checkpoint.txt`);
  const key = (await page.getByRole("region", { name: "Checkpoint" }).locator("code").first().textContent()) ?? "";
  expect(run("ledger", "check-proof", `${work}/entry.proof`, "--key", key)).toMatch(/holds|is in|intact/i);
  expect(run("ledger", "verify", hub.data, "--checkpoint", `${work}/checkpoint.txt`, "--key", key)).toMatch(/intact/i);
  await page.getByLabel("What", { exact: true }).selectOption("");
  await page.getByLabel("About (an id)").fill("nothing-such");
  await page.getByRole("button", { name: "Look" }).click();
  await expect(page.getByText("No entry fits")).toBeVisible();
});

test("account: a token is made and ended", async () => {
  await page.getByRole("button", { name: "Ada Example" }).click();
  await page.getByRole("menuitem", { name: "Your account" }).click();
  await expect(heading("Your account")).toBeVisible();
  await page.getByLabel("What it is for").fill("Report of the month");
  await page.getByRole("checkbox", { name: "View findings" }).check();
  await page.getByRole("button", { name: "Make a token" }).click();
  await expect(page.getByText(/^mwt_/)).toBeVisible();
  await inspect(page, "account");
  await page.getByRole("button", { name: "End the token Report of the month" }).click();
  await expect(page.getByText("There is none.")).toBeVisible();
});

test("what is not there, and a hub that does not answer, are told", async () => {
  await page.goto("/devices/d-nowhere");
  await expect(page.getByRole("alert").filter({ hasText: "There is no such thing here" })).toBeVisible();
  await inspect(page, "absent");
  await page.goto("/nowhere");
  await expect(heading("There is no such page")).toBeVisible();
  await page.route("**/api/findings?**", (route) => route.abort());
  await page.goto("/findings");
  await expect(page.getByRole("alert").filter({ hasText: "The hub does not answer" })).toBeVisible({ timeout: 20_000 });
  await page.unroute("**/api/findings?**");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.locator("tr[data-row='0']")).toBeVisible();
  await page.context().setOffline(true);
  await expect(page.getByText("This computer is offline.")).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByText("This computer is offline.")).toBeHidden();
  wrong.splice(0);
});

test("signing out and in: a wrong password is refused, the right one leads to the address that was opened", async () => {
  await page.goto("/findings");
  await page.getByRole("button", { name: "Ada Example" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("button", { name: "Sign in", exact: true })).toBeVisible();
  await inspect(page, "sign-in");
  await page.getByLabel("Account").fill(LOGIN);
  const password = page.getByRole("textbox", { name: "Password" });
  await password.fill("not the password");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Name or password is wrong" })).toBeVisible();
  await password.fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(heading("Findings")).toBeVisible();
});
