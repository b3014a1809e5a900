import { expect } from 'chai';
import fastify from 'fastify';

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly responses: Readonly<Record<string, { content?: { 'application/json'?: { schema: object } } }>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ApiFailure {
  readonly code: string;
  readonly message: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly remedy: string;
}

/** Calls the API and holds every answer against the OpenAPI description that the same server gives. */
export class ApiClient {
  readonly #url: string;
  readonly #openApi: OpenApi;
  readonly #matches: (schema: object, value: unknown) => string | undefined;

  private constructor(
    url: string,
    openApi: OpenApi,
    matches: (schema: object, value: unknown) => string | undefined,
  ) {
    this.#url = url;
    this.#openApi = openApi;
    this.#matches = matches;
  }

  static async open(url: string): Promise<ApiClient> {
    const openApi = (await (await fetch(`${url}/v1/openapi.json`)).json()) as OpenApi;
    return new ApiClient(url, openApi, await schemaCheck());
  }

  get paths(): string[] {
    return Object.keys(this.#openApi.paths);
  }

  /** @param route path of the description, e.g. `/v1/nodes/{address}` */
  async call(
    method: 'GET' | 'POST',
    path: string,
    options: { route?: string; body?: unknown } = {},
  ): Promise<ApiAnswer> {
    const hasBody = options.body !== undefined;
    const response = await fetch(this.#url + path, {
      method,
      ...(hasBody && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(options.body) }),
    });
    const body = (await response.json()) as Readonly<Record<string, unknown>>;
    const route = options.route ?? path.split('?')[0] ?? path;
    const operation = this.#openApi.paths[route]?.[method.toLowerCase()];
    const described =
      operation?.responses[String(response.status)] ??
      operation?.responses[response.status < 500 ? '4XX' : '5XX'];
    const schema = described?.content?.['application/json']?.schema;
    expect(schema, `${method} ${route} ${response.status} is described`).to.not.equal(undefined);
    if (schema !== undefined)
      expect(this.#matches(schema, body), `${method} ${route} ${response.status}`).to.equal(undefined);
    return { status: response.status, headers: response.headers, body };
  }

  get(path: string, route?: string): Promise<ApiAnswer> {
    return this.call('GET', path, route === undefined ? {} : { route });
  }

  post(path: string, body: unknown): Promise<ApiAnswer> {
    return this.call('POST', path, { body });
  }

  /** Body of a successful answer. */
  async ok<T>(answer: Promise<ApiAnswer>): Promise<T> {
    const { status, body } = await answer;
    expect(status, JSON.stringify(body)).to.equal(200);
    return body as T;
  }

  /** Error of a refused call. */
  async refused(answer: Promise<ApiAnswer>, status: number, code: string): Promise<ApiFailure> {
    const { status: actual, body } = await answer;
    const error = body['error'] as ApiFailure | undefined;
    expect({ status: actual, code: error?.code }, JSON.stringify(body)).to.deep.equal({ status, code });
    return error as ApiFailure;
  }
}

/** JSON-schema check by the validator that Fastify brings, without its coercions. */
async function schemaCheck(): Promise<(schema: object, value: unknown) => string | undefined> {
  const app = fastify({
    ajv: {
      customOptions: {
        allowUnionTypes: true,
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
      },
    },
  });
  let check: ((schema: object, value: unknown) => string | undefined) | undefined;
  app.get('/', async (request) => {
    check = (schema, value) => {
      const validate = request.compileValidationSchema(schema);
      return validate(value) ? undefined : JSON.stringify(validate.errors);
    };
    return '';
  });
  await app.inject('/');
  if (check === undefined) throw new TypeError('The schema check was not made.');
  return check;
}
