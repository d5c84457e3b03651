# Every path; docs/openapi.yaml says what each promises, and spec/contract_spec.rb compares the two.
Rails.application.routes.draw do
  # An id is a number, so that anything else is a 404 before a controller sees it. No path ends in .json.
  scope "api/v1", module: "api/v1", format: false, constraints: { id: /\d+/, product: /\d+/ } do
    scope "auth", controller: "auth" do
      post "register"
      post "login"
      post "refresh"
      post "logout"
    end

    get "users/me", to: "accounts#show"
    patch "users/me", to: "accounts#update"
    get "users", to: "users#index"
    patch "users/:id", to: "users#update"

    get "categories", to: "categories#index"
    post "categories", to: "categories#create"
    patch "categories/:id", to: "categories#update"
    delete "categories/:id", to: "categories#destroy"

    get "products", to: "products#index"
    post "products", to: "products#create"
    get "products/:id", to: "products#show"
    patch "products/:id", to: "products#update"
    delete "products/:id", to: "products#destroy"
    get "products/:id/reviews", to: "reviews#index"
    post "products/:id/reviews", to: "reviews#create"

    get "cart", to: "carts#show"
    post "cart/items", to: "cart_items#create"
    patch "cart/items/:id", to: "cart_items#update"
    delete "cart/items/:id", to: "cart_items#destroy"

    get "orders", to: "orders#index"
    post "orders", to: "orders#create"
    get "orders/export", to: "order_exports#index"
    get "orders/:id", to: "orders#show"
    post "orders/:id/cancel", to: "orders#cancel"
    post "orders/:id/ship", to: "orders#ship"
    post "orders/:id/deliver", to: "orders#deliver"

    post "orders/:id/payments", to: "payments#create"
    post "webhooks/payments", to: "payment_webhooks#create"

    get "inventory", to: "inventory#index"
    post "inventory/:product/adjustments", to: "inventory#adjust"
  end

  get "/healthz", to: Operations.new("web"), format: false
  get "/readyz", to: Operations.new("web"), format: false
  get "/metrics", to: Operations.new("web"), format: false
end
