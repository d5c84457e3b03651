require "rails_helper"

RSpec.describe "Users" do
  let(:admin) { create(:user, :admin) }
  let(:headers) { as(admin) }

  def list(**params)
    get "/api/v1/users", params: params, headers: headers
    body["items"]&.pluck("id")
  end

  def change(user, **fields) = patch_json("/api/v1/users/#{user.id}", fields, headers:)

  it "are listed by id, by role and by state" do
    customer = create(:user)
    vendor = create(:user, :vendor)
    gone = create(:user, :inactive)
    all = [admin, customer, vendor, gone].map(&:id).sort
    expect(list).to eq(all)
    expect(list(role: "vendor")).to eq([vendor.id])
    expect(list(active: "false")).to eq([gone.id])
    expect(list(active: "true", role: "customer")).to eq([customer.id])
    expect(list(page: 2, per_page: 3)).to eq([all.last])
    expect(body).to include("page" => 2, "per_page" => 3, "total" => 4)
  end

  it "are listed by what the contract knows" do
    list(role: "owner", active: "yes", page: "0")
    expect(response).to have_http_status(:unprocessable_content)
    expect(wrong_fields).to match_array(%w[role active page])
  end

  it "are the admins' business only, and of those who have the role now" do
    user = create(:user, :vendor)
    headers_of_user = as(user)
    calls = lambda do
      get "/api/v1/users", headers: headers_of_user
      listed = response.status
      patch_json "/api/v1/users/#{user.id}", { role: "admin" }, headers: headers_of_user
      [listed, response.status]
    end
    expect(calls.call).to eq([403, 403])
    user.update!(role: "admin")
    expect(calls.call).to eq([200, 409])
    user.update!(role: "customer")
    expect(calls.call).to eq([403, 403])
  end

  it "are given roles and states by admins" do
    user = create(:user)
    other = user.sessions.create!
    change(user, role: "vendor", email_verified: true)
    expect(response).to have_http_status(:ok)
    expect(body).to include("role" => "vendor", "email_verified" => true, "active" => true)
    expect(other.reload.ended_at).to be_nil
    change(user, active: false)
    expect(body).to include("role" => "vendor", "active" => false)
    expect(other.reload.ended_at).to be_present
  end

  it "are given nothing else" do
    user = create(:user)
    change(user, role: "owner", active: "no", email: "b@example.com")
    expect(wrong_fields).to match_array(%w[role active email])
    change(user)
    expect(response).to have_http_status(:unprocessable_content)
    expect(user.reload).to have_attributes(role: "customer", active: true)
  end

  it "keep one admin: nobody changes the own role or state" do
    [{ role: "customer" }, { active: false }, { role: "admin" }].each do |fields|
      change(admin, **fields)
      expect(response).to have_http_status(:conflict)
    end
    expect(admin.reload).to have_attributes(role: "admin", active: true)
    change(admin, email_verified: true)
    expect(response).to have_http_status(:ok)
  end

  it "are a 404 where there are none" do
    patch_json "/api/v1/users/#{admin.id + 1}", { role: "vendor" }, headers: headers
    expect(response).to have_http_status(:not_found)
  end
end
