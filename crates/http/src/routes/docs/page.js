'use strict';

/* Shows the OpenAPI document of this server. Everything becomes text nodes; nothing is read as markup. */

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

/* Makes an element with attributes and children; a string is a child of text. */
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/* Text in which backticks enclose code. */
function prose(text) {
  const pieces = text.split('`');
  return pieces.map((piece, at) => (at % 2 === 1 ? make('code', {}, piece) : piece));
}

function paragraphs(text) {
  return (text ?? '')
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) => make('p', {}, ...prose(paragraph)));
}

/* Details whose content is made when they are first opened: schemas may refer to themselves. */
function unfolding(attributes, summary, content) {
  const details = make('details', attributes, make('summary', {}, ...summary));
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) {
      details.append(...content());
    }
  });
  return details;
}

class Schemas {
  constructor(components) {
    this.components = components;
  }

  /* The name of what is referred to. */
  static nameOf(schema) {
    return schema.$ref ? schema.$ref.split('/').pop() : null;
  }

  resolved(schema) {
    const name = Schemas.nameOf(schema);
    return name === null ? schema : { ...this.components[name], ...schema, $ref: undefined };
  }

  /* What a value may be, in one line. */
  line(schema) {
    const name = Schemas.nameOf(schema);
    if (name !== null) return name;
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices) return choices.map((choice) => this.line(choice)).join(' or ');
    if (schema.allOf) return schema.allOf.map((part) => this.line(part)).join(' with ');
    const types = [schema.type ?? 'anything'].flat();
    return types.map((type) => this.typeLine(type, schema)).join(' or ');
  }

  typeLine(type, schema) {
    if (type === 'array') return `array of ${this.line(schema.items ?? {})}`;
    if (type === 'object' && typeof schema.additionalProperties === 'object' && !schema.properties) {
      return `dictionary of ${this.line(schema.additionalProperties)}`;
    }
    return schema.format ? `${type} (${schema.format})` : type;
  }

  /* The limits of a value, in words. */
  limits(schema) {
    const said = [];
    if (schema.enum) said.push(`one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`);
    if (schema.pattern) said.push(`matches ${schema.pattern}`);
    for (const [key, words] of [
      ['minLength', 'characters at least'],
      ['maxLength', 'characters at most'],
      ['minItems', 'items at least'],
      ['maxItems', 'items at most'],
      ['maxProperties', 'members at most'],
      ['minimum', 'at least'],
      ['maximum', 'at most'],
    ]) {
      if (schema[key] !== undefined) {
        const before = words.startsWith('at');
        said.push(before ? `${words} ${schema[key]}` : `${schema[key]} ${words}`);
      }
    }
    return said.join('; ');
  }

  /* What is inside of a schema: its members, or those of what it is made of. */
  inside(schema) {
    const own = this.resolved(schema);
    const parts = [];
    for (const part of own.allOf ?? []) parts.push(...this.inside(part));
    for (const choice of own.oneOf ?? own.anyOf ?? []) {
      if (this.hasInside(choice)) parts.push(this.folded(choice, this.line(choice)));
    }
    if (own.items && this.hasInside(own.items)) {
      parts.push(this.folded(own.items, `each ${this.line(own.items)}`));
    }
    const members = Object.entries(own.properties ?? {});
    if (members.length > 0) {
      const required = new Set(own.required ?? []);
      const items = members.map(([name, member]) => this.member(name, member, required.has(name)));
      parts.push(make('ul', { class: 'members' }, ...items));
    }
    return parts;
  }

  hasInside(schema) {
    const own = this.resolved(schema);
    const inner = [...(own.allOf ?? []), ...(own.oneOf ?? own.anyOf ?? [])];
    return Boolean(own.properties)
      || Boolean(own.items && this.hasInside(own.items))
      || inner.some((part) => this.hasInside(part));
  }

  folded(schema, title) {
    return unfolding({ class: 'schema' }, [make('code', {}, title)], () => this.inside(schema));
  }

  member(name, schema, required) {
    const own = this.resolved(schema);
    const head = [
      make('code', {}, name),
      ' ',
      make('span', { class: 'quiet' }, this.line(schema) + (required ? ', always there' : '')),
    ];
    const limits = this.limits(own);
    const body = [
      ...(own.description ? [' ', ...prose(own.description)] : []),
      limits ? make('span', { class: 'quiet' }, ` (${limits})`) : null,
    ];
    const inner = this.hasInside(schema) ? this.folded(schema, this.line(schema)) : null;
    return make('li', {}, ...head, ...body, inner);
  }

  exampleOf(schema) {
    const own = this.resolved(schema);
    if (own.example !== undefined) return own.example;
    if (own.examples?.length) return own.examples[0];
    if (own.type === 'array' && own.items) {
      const one = this.exampleOf(own.items);
      return one === undefined ? undefined : [one];
    }
    return undefined;
  }

  /* A schema as a whole, with its example. */
  shown(schema, example) {
    const own = this.resolved(schema);
    const shown = [
      make('p', {}, make('code', {}, this.line(schema)), ' ', ...prose(own.description ?? '')),
    ];
    if (this.hasInside(schema)) shown.push(this.folded(schema, 'Members'));
    const value = example ?? this.exampleOf(schema);
    if (value !== undefined) {
      const text = JSON.stringify(value, null, 2);
      shown.push(
        unfolding({ class: 'example' }, ['Example'], () => [make('pre', {}, text)]),
      );
    }
    return shown;
  }
}

/* The media types of a body, those with the same schema together. */
function contents(content, schemas) {
  const groups = new Map();
  for (const [type, media] of Object.entries(content ?? {})) {
    const key = JSON.stringify(media);
    const group = groups.get(key) ?? { types: [], media };
    group.types.push(type);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ types, media }) => [
    make('p', { class: 'quiet' }, 'As ', ...types.flatMap((type, at) => [
      at === 0 ? '' : ', ',
      make('code', {}, type),
    ])),
    ...(media.schema ? schemas.shown(media.schema, media.example) : []),
  ]);
}

function parametersOf(parameters, schemas) {
  const rows = parameters.map((parameter) => {
    const schema = schemas.resolved(parameter.schema ?? {});
    const limits = schemas.limits(schema);
    return make('tr', { class: 'parameter' },
      make('td', {}, make('code', {}, parameter.name)),
      make('td', {}, parameter.in + (parameter.required ? ', needed' : '')),
      make('td', {}, schemas.line(parameter.schema ?? {}), limits ? ` (${limits})` : ''),
      make('td', {}, ...prose(parameter.description ?? '')));
  });
  const heads = ['Name', 'Where', 'What', 'Meaning'].map((head) => make('th', {}, head));
  return [
    make('h4', {}, 'Parameters'),
    make('table', {}, make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...rows)),
  ];
}

function responsesOf(responses, schemas) {
  return [
    make('h4', {}, 'Answers'),
    ...Object.entries(responses).map(([status, response]) => unfolding(
      { class: 'response' },
      [make('code', {}, status), ' ', ...prose(response.description ?? '')],
      () => {
        const body = contents(response.content, schemas);
        return body.length > 0 ? body : [make('p', { class: 'quiet' }, 'Without a body.')];
      },
    )),
  ];
}

function whoMayCall(security) {
  if (!security || security.length === 0) return 'Anybody may call.';
  const ways = security.map((way) => Object.keys(way).join(' with '));
  return `Needs a credential: ${ways.join(', or ')}.`;
}

function operationOf(path, method, operation, schemas) {
  const head = [
    make('span', { class: `method ${method}` }, method.toUpperCase()),
    ' ',
    make('code', {}, path),
    ' ',
    make('span', { class: 'quiet' }, ...prose(operation.summary ?? '')),
  ];
  const attributes = { class: 'operation', id: operation.operationId };
  const details = unfolding(attributes, head, () => [
    ...paragraphs(operation.description),
    make('p', { class: 'quiet' }, whoMayCall(operation.security)),
    ...(operation.parameters?.length ? parametersOf(operation.parameters, schemas) : []),
    ...(operation.requestBody
      ? [
        make('h4', {}, operation.requestBody.required ? 'Body' : 'Body, may be left out'),
        ...paragraphs(operation.requestBody.description),
        ...contents(operation.requestBody.content, schemas),
      ]
      : []),
    ...responsesOf(operation.responses ?? {}, schemas),
  ]);
  const words = [path, method, operation.operationId, operation.summary, operation.description];
  details.dataset.words = words.join(' ').toLowerCase();
  return details;
}

/* The operations of each tag, in the order of the document. */
function grouped(api) {
  const groups = new Map((api.tags ?? []).map((tag) => [tag.name, { tag, operations: [] }]));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((method) => item[method])) {
      const name = item[method].tags?.[0] ?? 'Other';
      if (!groups.has(name)) groups.set(name, { tag: { name }, operations: [] });
      groups.get(name).operations.push([path, method, item[method]]);
    }
  }
  return [...groups.values()].filter((group) => group.operations.length > 0);
}

function show(api) {
  const schemas = new Schemas(api.components?.schemas ?? {});
  document.title = `${api.info.title} API`;
  document.getElementById('title').textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById('about').replaceChildren(...paragraphs(api.info.description));
  const groups = grouped(api);
  const anchor = (tag) => `tag-${tag.name.toLowerCase().replaceAll(' ', '-')}`;
  document.getElementById('tags').replaceChildren(
    ...groups.map(({ tag }) => make('a', { href: `#${anchor(tag)}` }, tag.name)),
  );
  const sections = groups.map(({ tag, operations }) => make('section', {},
    make('h2', { id: anchor(tag) }, tag.name),
    ...paragraphs(tag.description),
    ...operations.map(([path, method, operation]) => operationOf(path, method, operation, schemas))));
  const main = document.getElementById('operations');
  main.replaceChildren(...sections);
  main.setAttribute('aria-busy', 'false');
  listen();
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted?.matches('details')) wanted.open = true;
  wanted?.scrollIntoView();
}

function listen() {
  const operations = [...document.querySelectorAll('details.operation')];
  const filter = document.getElementById('filter');
  filter.addEventListener('input', () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const operation of operations) {
      operation.hidden = !operation.dataset.words.includes(wanted);
    }
    for (const section of document.querySelectorAll('main section')) {
      section.hidden = section.querySelector('details.operation:not([hidden])') === null;
    }
  });
  const all = (open) => () => operations.forEach((operation) => { operation.open = open; });
  document.getElementById('open').addEventListener('click', all(true));
  document.getElementById('close').addEventListener('click', all(false));
}

async function start() {
  const main = document.getElementById('operations');
  try {
    const answer = await fetch('api/openapi.json', { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    show(await answer.json());
  } catch (error) {
    const told = make('p', { class: 'failed' }, `The document cannot be shown: ${error.message}`);
    main.replaceChildren(told);
    main.setAttribute('aria-busy', 'false');
  }
}

start();
