"use strict";

// The description comes from the server that the page came from; no validator elsewhere is asked.
SwaggerUIBundle({
	url: "/openapi.json",
	dom_id: "#swagger-ui",
	deepLinking: true,
	displayRequestDuration: true,
	tryItOutEnabled: true,
	validatorUrl: null,
});
