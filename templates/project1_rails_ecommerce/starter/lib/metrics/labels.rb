module Metrics
  # Labels as Prometheus writes them: {route="/api/v1/products",status="200"}.
  module Labels
    ESCAPES = { "\\" => "\\\\", "\"" => "\\\"", "\n" => "\\n" }.freeze

    def self.text(labels)
      return "" if labels.empty?

      "{#{labels.map { |name, value| %(#{name}="#{value.to_s.gsub(/[\\"\n]/, ESCAPES)}") }.join(',')}}"
    end
  end
end
