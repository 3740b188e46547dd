import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import type { FullSite, HeldRole, Role, Site, Tenant } from "../../api/shapes";
import { sentence } from "../../lib/words";

export const ROLES: Role[] = ["administrator", "it_security", "clinical_engineering", "clinical_lead", "vendor_technician", "auditor", "provider_analyst"];

export const useTenants = () => useQuery({ queryKey: ["tenants"], queryFn: () => body<Tenant[]>(api.GET("/api/tenants", {})) });
export const useSites = () => useQuery({ queryKey: ["sites"], queryFn: () => body<FullSite[]>(api.GET("/api/sites", {})) });

/** A role and where it holds, in words. */
export function roleText(held: HeldRole, tenants: Tenant[], sites: Site[]): string {
  const site = held.site && (sites.find((one) => one.id === held.site)?.name ?? held.site);
  const tenant = tenants.find((one) => one.id === held.tenant)?.name ?? held.tenant;
  return `${sentence(held.role)} at ${site ? `${site} (${tenant})` : `every site of ${tenant}`}`;
}

interface ChoiceProps {
  tenant: string;
  role: Role;
  site: string;
  setRole: (role: Role) => void;
  setSite: (site: string) => void;
}

/** A role, and where it is to hold. */
export function RoleChoice({ tenant, role, site, setRole, setSite }: ChoiceProps) {
  const sites = useSites();
  const own = (sites.data ?? []).filter((one) => one.tenant === tenant);
  return (
    <>
      <NativeSelect label="Role" value={role} onChange={(event) => setRole(event.currentTarget.value as Role)} data={ROLES.map((one) => ({ value: one, label: sentence(one) }))} />
      <NativeSelect label="Where" value={site} onChange={(event) => setSite(event.currentTarget.value)} data={[{ value: "", label: "Every site" }, ...own.map((one) => ({ value: one.id, label: one.name }))]} />
    </>
  );
}
