// Shows /openapi.json as a page: plain text and tables, nothing from elsewhere, nothing put in as markup.

const make = (tag, text = "", ...children) => {
  const node = document.createElement(tag);
  node.append(text, ...children);
  return node;
};

const name = (ref) => ref.split("/").pop();

/** A schema in a few words, with links to what it names. */
function kind(schema) {
  if (!schema) return make("span", "nothing");
  if (schema.$ref) {
    const link = make("a", name(schema.$ref));
    link.href = `#${name(schema.$ref)}`;
    return link;
  }
  const several = schema.anyOf || schema.oneOf || schema.allOf;
  if (several) {
    const all = make("span");
    several.forEach((one, i) => all.append(i ? " or " : "", kind(one)));
    return all;
  }
  if (schema.enum) return make("span", schema.enum.map((value) => JSON.stringify(value)).join(" | "));
  if (schema.const !== undefined) return make("span", JSON.stringify(schema.const));
  if (schema.prefixItems) {
    const all = make("span", "[");
    schema.prefixItems.forEach((one, i) => all.append(i ? ", " : "", kind(one)));
    all.append("]");
    return all;
  }
  if (schema.type === "array") return make("span", "list of ", kind(schema.items));
  const bounds = [["minimum", "≥"], ["maximum", "≤"], ["maxLength", "length ≤"]];
  const limits = bounds.filter(([key]) => schema[key] !== undefined).map(([key, sign]) => ` ${sign} ${schema[key]}`);
  const type = schema.format === "binary" ? "file" : schema.type || "anything";
  return make("span", type + limits.join(","));
}

function fields(schema) {
  const table = make("table");
  for (const [key, field] of Object.entries(schema.properties || {})) {
    const must = (schema.required || []).includes(key) ? "required. " : "";
    const usual = field.default === undefined ? "" : `By default ${JSON.stringify(field.default)}. `;
    const text = must + usual + (field.description || "");
    table.append(make("tr", "", make("td", "", make("code", key)), make("td", "", kind(field)), make("td", text)));
  }
  return table;
}

function operation(path, method, about) {
  const box = make("details", "", make("summary", "", make("b", method.toUpperCase()), make("code", path), ` ${about.summary || ""}`));
  box.append(make("p", about.description || ""));
  if (about.parameters) {
    const table = make("table");
    for (const one of about.parameters) {
      table.append(make("tr", "", make("td", "", make("code", one.name)), make("td", one.in), make("td", "", kind(one.schema))));
    }
    box.append(make("h4", "Parameters"), table);
  }
  for (const [type, { schema }] of Object.entries(about.requestBody?.content || {})) {
    box.append(make("h4", `Body: ${type}`), schema.$ref ? make("p", "", kind(schema)) : fields(schema));
  }
  const answers = make("table");
  for (const [status, one] of Object.entries(about.responses)) {
    const content = make("td");
    Object.entries(one.content || {}).forEach(([type, { schema }], i) => content.append(i ? "; " : "", `${type} `, kind(schema)));
    answers.append(make("tr", "", make("td", status), make("td", one.description || ""), content));
  }
  box.append(make("h4", "Answers"), answers);
  return box;
}

async function show() {
  const main = document.getElementById("main");
  const answer = await fetch("/openapi.json");
  const api = await answer.json();
  main.replaceChildren(make("h1", `${api.info.title} ${api.info.version}: the API`), make("p", api.info.description));
  const raw = make("a", "/openapi.json");
  raw.href = "/openapi.json";
  main.append(make("p", "The same for programs: ", raw));
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, about] of Object.entries(methods)) {
      const group = (about.tags || ["other"])[0];
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(operation(path, method, about));
    }
  }
  for (const [group, boxes] of groups) main.append(make("h2", group), ...boxes);
  main.append(make("h2", "objects"));
  for (const [key, schema] of Object.entries(api.components.schemas)) {
    const title = make("h3", key);
    title.id = key;
    main.append(title, make("p", schema.description || ""), fields(schema));
  }
}

show().catch(() => { document.getElementById("wait").textContent = "The server does not answer; load the page again."; });
