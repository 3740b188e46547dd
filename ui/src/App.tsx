import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { isTransient } from "./api/problem";
import { router } from "./router";
import { theme, variables } from "./theme";

const queries = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 15_000, refetchOnWindowFocus: true, retry: (failures, error) => failures < 2 && isTransient(error), networkMode: "always" },
    mutations: { retry: false, networkMode: "always" },
  },
});

/** The nonce that the content security policy of this very answer allows style elements with. */
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

export function App() {
  return (
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={() => nonce} deduplicateInlineStyles>
        <QueryClientProvider client={queries}>
          <Notifications position="bottom-right" />
          <RouterProvider router={router} context={{}} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>
  );
}
