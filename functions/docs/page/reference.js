// Starts Swagger UI on this service's own OpenAPI document. No other host is ever asked.
"use strict";

const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
const followScheme = () =>
  document.documentElement.classList.toggle("dark-mode", darkScheme.matches);
darkScheme.addEventListener("change", followScheme);
followScheme();

const ui = SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  // A token lives as long as the page, and is never written to the browser's storage.
  persistAuthorization: false,
  // The default sends the document to a public validator.
  validatorUrl: null,
  responseInterceptor: (response) => {
    authorizeWith(response.ok && response.body?.access_token);
    return response;
  },
});

// Whoever signs in on this page need not copy the access token into "Authorize".
function authorizeWith(token) {
  const schemes = ui.specSelectors.specJson().getIn(["components", "securitySchemes"]);
  const bearer = schemes?.findKey((scheme) => scheme.get("scheme") === "bearer");
  if (token && bearer) {
    ui.preauthorizeApiKey(bearer, token);
  }
}
