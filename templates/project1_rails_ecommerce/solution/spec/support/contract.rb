require "json_schemer"

# docs/openapi.yaml, as something to hold answers against. Request specs do it by themselves, see spec/support/requests.rb:
#   expect(response).to conform_to_contract
module Contract
  DOCUMENT = YAML.safe_load_file(Rails.root.join("docs/openapi.yaml"))
  SCHEMAS = JSONSchemer.openapi(DOCUMENT)
  METHODS = %w[get post put patch delete].freeze
  # What the conventions promise of every path: a request that can't be read, an unknown path, a wrong method, a large body.
  EVERYWHERE = [400, 404, 405, 413].freeze

  class << self
    # Each ["GET", "/api/v1/products/{id}"] that the contract promises.
    def operations
      DOCUMENT.fetch("paths").flat_map do |path, item|
        (item.keys & METHODS).map { |method| [method.upcase, path] }
      end
    end

    # Whether an operation asks for no bearer token.
    def open?(method, path)
      security = DOCUMENT["paths"][path][method.downcase].fetch("security", DOCUMENT["security"])
      security.none? { |scheme| scheme.key?("bearer") || scheme.key?("service") }
    end

    # What is wrong with an answer, as texts; none if it is as promised.
    def complaints(request, response)
      path = template(request)
      pointer = ["paths", path, request.env["REQUEST_METHOD"].downcase, "responses", response.status.to_s]
      promised = path && DOCUMENT.dig(*pointer)
      unless promised
        return problem(response) if EVERYWHERE.include?(response.status)

        return ["#{request.env['REQUEST_METHOD']} #{path || request.path} never answers #{response.status}"]
      end

      pointer, promised = follow(pointer, promised)
      headers(promised, response) + content(pointer, promised, response)
    end

    private

    # What is wrong with an error that isn't about one operation.
    def problem(response)
      content(%w[components responses NotFound], DOCUMENT.dig("components", "responses", "NotFound"), response)
    end

    def template(request)
      operations.map(&:last).uniq.select { |path| matches?(path, request) }.min_by { |path| path.count("{") }
    end

    def matches?(path, request)
      pattern = Regexp.escape(path).gsub(/\\\{\w+\\\}/, "[^/]+")
      request.path.match?(/\A#{pattern}\z/) && DOCUMENT["paths"][path].key?(request.env["REQUEST_METHOD"].downcase)
    end

    def follow(pointer, promised)
      return [pointer, promised] unless promised.key?("$ref")

      pointer = promised["$ref"].delete_prefix("#/").split("/")
      [pointer, DOCUMENT.dig(*pointer)]
    end

    def headers(promised, response)
      promised.fetch("headers", {}).filter_map do |name, header|
        header = follow([], header).last
        value = response.headers[name]
        next ("header #{name} is missing" if header["required"]) if value.nil?

        value = Integer(value, exception: false) if header.dig("schema", "type") == "integer"
        "header #{name} is #{value.inspect}" unless JSONSchemer.schema(header["schema"]).valid?(value)
      end
    end

    def content(pointer, promised, response)
      return response.body.empty? ? [] : ["there should be no body"] unless promised.key?("content")

      media_type = response.headers["content-type"].to_s.partition(";").first
      return ["#{media_type} isn't promised"] unless promised["content"].key?(media_type)

      body = media_type.end_with?("json") ? JSON.parse(response.body) : response.body
      schema([*pointer, "content", media_type, "schema"]).validate(body).pluck("error")
    end

    # Resolving a reference takes longer than judging by it.
    def schema(steps)
      @schemas ||= {}
      @schemas[steps] ||= begin
        escaped = steps.map { |step| ERB::Util.url_encode(step.gsub("~", "~0").gsub("/", "~1")) }
        SCHEMAS.ref("#/#{escaped.join('/')}")
      end
    end
  end
end

RSpec::Matchers.define :conform_to_contract do
  match do |response|
    @complaints = Contract.complaints(request, response)
    @complaints.empty?
  end
  failure_message { "the answer isn't as docs/openapi.yaml says:\n#{@complaints.join("\n")}\n#{response.body}" }
end
